# SPDX-License-Identifier: BSD-3-Clause
# helper.R: values of an R kernel of Jupyter's: what the bridge's requests call. Sourced into an
# environment of its own on the search path; jsonlite is there because IRkernel itself needs it.

.ipkit_serve <- local({
  max_held <- 8
  stages <- list() # name -> list of raw vectors, oldest first
  held <- list() # token -> list of raw vectors, oldest first
  tokens <- 0
  files <- 0
  global <- globalenv()

  refuse <- function(ename, ..., name = NULL) {
    stop(structure(list(message = paste0(...), call = NULL, ename = ename, name = name),
      class = c("ipkit_refused", "error", "condition")))
  }

  # -- bytes and values

  as_text <- function(bytes) {
    if (any(bytes == 0)) refuse("TypeError", "R's strings cannot hold NUL: push bytes")
    text <- rawToChar(bytes)
    Encoding(text) <- "UTF-8"
    text
  }

  split_at <- function(bytes, sep) {
    if (length(bytes) == 0) return(character())
    if (bytes[length(bytes)] != sep) bytes <- c(bytes, sep)
    ends <- which(bytes == sep)
    starts <- c(1L, head(ends, -1) + 1L)
    mapply(function(from, to) if (to < from) "" else as_text(bytes[from:to]), starts, ends - 1L)
  }

  decode <- function(type, bytes) {
    switch(type,
      json = jsonlite::fromJSON(as_text(bytes)),
      text = as_text(bytes),
      bytes = bytes,
      lines = split_at(bytes, as.raw(10)),
      nul = split_at(bytes, as.raw(0)),
      ref = eval(parse(text = as_text(bytes)), global),
      refuse("TypeError", "R cannot hold a value of type '", type, "': push json, text or bytes"))
  }

  json <- function(value) {
    as.character(jsonlite::toJSON(value, auto_unbox = TRUE, digits = NA, null = "null",
      na = "null"))
  }

  base64 <- function(bytes) gsub("\n", "", jsonlite::base64_enc(bytes), fixed = TRUE)

  # list(type, bytes) of a value, for people or as JSON
  encode <- function(value, form) {
    if (form == "npy") refuse("TypeError", "R values have no npy form: ask for json")
    if (is.raw(value)) {
      if (form == "text") return(list("bytes", value))
      return(list("base64", charToRaw(base64(value))))
    }
    if (form == "text" && is.character(value) && length(value) == 1 && !is.na(value)) {
      return(list("text", charToRaw(enc2utf8(value))))
    }
    text <- if (is.function(value) || is.language(value)) NULL
      else tryCatch(json(value), error = function(e) NULL)
    if (!is.null(text)) return(list("json", charToRaw(enc2utf8(text))))
    text <- paste(capture.output(print(value)), collapse = "\n")
    list("repr", charToRaw(enc2utf8(if (form == "json") json(text) else text)))
  }

  elements_of <- function(value) {
    one <- !is.vector(value) && !is.factor(value) || is.list(value) && !is.null(names(value))
    if (one) list(value) else if (is.factor(value)) as.list(as.character(value)) else
      unname(as.list(value))
  }

  # -- requests

  bind <- function(name, value) {
    if (!is.character(name) || length(name) != 1 || make.names(name) != name) {
      refuse("ValueError", "not a name: '", name, "'")
    }
    assign(name, value, envir = global)
  }

  push_piece <- function(content, buffers) {
    stage <- content$stage
    if (isTRUE(content$drop)) {
      stages[[stage]] <<- NULL
      return()
    }
    if (isTRUE(content$begin)) {
      stages[[stage]] <<- NULL
      if (length(stages) >= max_held) stages <<- tail(stages, max_held - 1)
      stages[[stage]] <<- list()
    }
    if (is.null(stages[[stage]])) refuse("KeyError", "no stage '", stage, "'")
    stages[[stage]] <<- c(stages[[stage]], buffers)
    if (isTRUE(content$end)) {
      whole <- do.call(c, c(list(raw()), stages[[stage]]))
      stages[[stage]] <<- NULL
      bind(content$name, decode(content$type, whole))
    }
  }

  push <- function(content, buffers) {
    if (!is.null(content$stage)) {
      push_piece(content, buffers)
    } else if (length(content$names)) {
      if (length(content$names) != length(buffers)) {
        refuse("ValueError", "names and buffers differ in number")
      }
      bound <- Map(decode, content$types, buffers)
      for (i in seq_along(bound)) bind(content$names[[i]], bound[[i]])
    }
    known <- intersect(unlist(content$unbind), ls(global, all.names = TRUE))
    rm(list = known, envir = global)
    list(list())
  }

  value_of <- function(name) {
    tryCatch(eval(parse(text = name), global), error = function(e) {
      missing <- sub("^object '(.*)' not found$", "\\1", conditionMessage(e))
      if (missing == conditionMessage(e)) stop(e)
      refuse("NameError", conditionMessage(e), name = missing)
    })
  }

  pull_elements <- function(value, form, sep) {
    if (is.raw(value)) return(list("bytes", value, 1L))
    items <- elements_of(value)
    parts <- lapply(items, function(item) {
      if (is.raw(item) && form == "json") charToRaw(json(base64(item)))
      else encode(item, form)[[2]]
    })
    list("lines", do.call(c, c(list(raw()), lapply(parts, c, sep))), length(items))
  }

  pull_held <- function(content) {
    found <- held[[content$token]]
    if (is.null(found)) refuse("KeyError", "no value is held under '", content$token, "'")
    if (isTRUE(content$release)) {
      held[[content$token]] <<- NULL
      return(list(list()))
    }
    bytes <- found[[content$index + 1]]
    last <- min(content$offset + content$length, length(bytes))
    piece <- if (last > content$offset) bytes[(content$offset + 1):last] else raw()
    list(list(), list(piece))
  }

  pull <- function(content, buffers) {
    if (!is.null(content$token)) return(pull_held(content))
    form <- if (is.null(content$form)) "text" else content$form
    sep <- if (identical(content$sep, "NUL")) as.raw(0) else as.raw(10)
    got <- lapply(content$names, function(name) {
      value <- value_of(name)
      if (isTRUE(content$elements)) pull_elements(value, form, sep) else encode(value, form)
    })
    out <- lapply(got, `[[`, 2)
    sizes <- vapply(out, length, 0L)
    counts <- lapply(got, function(one) if (length(one) > 2) one[[3]] else NULL)
    reply <- list(types = I(vapply(got, `[[`, "", 1)), sizes = I(sizes), counts = I(counts),
      token = NULL)
    if (!is.null(content$limit) && sum(sizes) > content$limit) {
      tokens <<- tokens + 1
      if (length(held) >= max_held) held <<- tail(held, max_held - 1)
      token <- paste0(Sys.getpid(), "-", tokens)
      held[[token]] <<- out
      reply$token <- token
      out <- list()
    }
    list(reply, out)
  }

  number <- "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$"

  # The expression sees the item as x, and as . its text.
  map <- function(content, buffers) {
    if (!is.null(content$file)) stop("this kernel has no map with --file")
    if (!is.null(content$reduce)) stop("this kernel has no map with --reduce")
    if (identical(content$sep, "")) stop("this kernel has no map with --pipe")
    sep <- if (identical(content$sep, "NUL")) as.raw(0) else as.raw(10)
    end <- if (identical(content$out, "NUL")) as.raw(0) else as.raw(10)
    texts <- split_at(buffers[[1]], sep)
    code <- parse(text = content$code)
    one <- function(text) {
      x <- if (content$type == "json") jsonlite::fromJSON(text)
        else if (content$type == "auto" && grepl(number, text)) as.numeric(text) else text
      value <- eval(code, list2env(list(x = x, . = text), parent = global))
      if (is.function(value)) value <- value(x)
      encode(value, if (isTRUE(content$json)) "json" else "text")[[2]]
    }
    failed <- list()
    results <- lapply(seq_along(texts), function(i) {
      tryCatch(one(texts[[i]]), error = function(e) {
        failed[[length(failed) + 1]] <<- c(list(index = i - 1), describe(e))
        raw()
      })
    })
    plain <- length(failed) == 0 && !any(vapply(results, function(r) any(r == end), NA))
    reply <- list(count = length(texts), form = if (plain) "lines" else "sized")
    if (plain) {
      results <- lapply(results, c, end)
    } else {
      reply$sizes <- I(vapply(results, length, 0L))
      reply$failed <- I(failed)
    }
    list(reply, list(do.call(c, c(list(raw()), results))))
  }

  list_names <- function(content, buffers) {
    list(list(names = I(lapply(ls(global), function(name) {
      value <- get(name, envir = global)
      list(name = name, type = class(value)[[1]], size = length(value))
    }))))
  }

  clear <- function(content, buffers) {
    rm(list = ls(global, all.names = TRUE), envir = global)
    list(list())
  }

  value <- function(content, buffers) {
    encoded <- encode(get(".Last.value", envir = baseenv()), "text")
    list(list(type = encoded[[1]]), list(encoded[[2]]))
  }

  handlers <- list(push_request = push, pull_request = pull, map_request = map,
    list_request = list_names, clear_request = clear, value_request = value)

  # -- answers

  describe <- function(e) {
    ename <- if (is.null(e$ename)) "ERROR" else e$ename
    found <- list(ename = ename, evalue = conditionMessage(e), traceback = I(list()))
    if (!is.null(e$name)) found$name <- e$name
    found
  }

  # A buffer is base64, or a large one a file for its reader to remove: @ and its path.
  bytes_of <- function(word) {
    if (!startsWith(word, "@")) return(jsonlite::base64_dec(word))
    path <- substring(word, 2)
    bytes <- readBin(path, "raw", file.size(path))
    unlink(path)
    bytes
  }

  word_for <- function(bytes, directory) {
    if (directory == "" || length(bytes) < 65536) return(base64(bytes))
    files <<- files + 1
    path <- sprintf("%s/from-kernel-%d-%d", directory, Sys.getpid(), as.integer(files))
    writeBin(bytes, path)
    paste0("@", path)
  }

  function(kind, content, buffers, directory) {
    answer <- tryCatch({
      # R has no NUL in strings; as a separator it has a name of its own here.
      text <- gsub("\\u0000", "NUL", rawToChar(jsonlite::base64_dec(content)), fixed = TRUE)
      Encoding(text) <- "UTF-8"
      content <- jsonlite::fromJSON(text, simplifyVector = FALSE)
      answer <- handlers[[kind]](content, lapply(buffers, bytes_of))
      answer[[1]] <- c(list(status = "ok"), answer[[1]])
      answer
    }, error = function(e) list(c(list(status = "error"), describe(e))),
    interrupt = function(e) {
      list(list(status = "error", ename = "KeyboardInterrupt", evalue = "interrupted",
        traceback = I(list())))
    })
    out <- if (length(answer) > 1) answer[[2]] else list()
    bundle <- list(content = answer[[1]],
      buffers = I(lapply(out, word_for, directory)))
    text <- as.character(jsonlite::toJSON(bundle, auto_unbox = TRUE, null = "null", digits = NA))
    getOption("jupyter.base_display_func")(list("application/vnd.ipkit+json" = text))
    invisible(NULL)
  }
})

# An interrupt that comes when an evaluation is just over would end R: IRkernel expects none there.
# So they wait outside of evaluations, and one that came too late is forgotten.
try(local({
  for (i in seq_len(sys.nframe())) {
    kernel <- environment(sys.function(i))$.self
    if (!methods::is(kernel, "Kernel")) next
    handle <- kernel$handle_shell
    evaluate <- evaluate::evaluate
    replace <- function(object, name, value) {
      place <- as.environment(object)
      if (exists(name, place, inherits = FALSE)) unlockBinding(name, place)
      assign(name, value, envir = place)
    }
    replace(kernel$executor, "evaluate", function(...) allowInterrupts(evaluate(...)))
    replace(kernel, "handle_shell", function() {
      tryCatch(suspendInterrupts(handle()), interrupt = function(e) NULL)
    })
    break
  }
}), silent = TRUE)
