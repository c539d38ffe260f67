// SPDX-License-Identifier: BSD-3-Clause
// A function's call as code for an engine's kernel.
#include "cmd/ipapply/call.hpp"

#include "libipc/cli/results.hpp"
#include "libipc/cli/values.hpp"
#include "libipc/util/text.hpp"

namespace ipapply {

using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::client::PushValue;

// Runs in the engine, in a namespace of its own; `space` is the user's.
constexpr std::string_view kPython = R"(
import base64, builtins, io, json, keyword, linecache, sys


def run(space, spec):
    spec = json.loads(spec)
    values = [[name, kind, space.pop(text) if kind == 'taken' else text]
              for name, kind, text in spec['arguments']]
    function = find(space, spec['function'])
    if not callable(function):
        raise TypeError('%s is %s and cannot be called: give a function, and its arguments after it'
                        % (spec['function'], type(function).__name__))
    values = [(name, decode(space, kind, value)) for name, kind, value in values]
    result = function(*(value for name, value in values if not name),
                      **{name: value for name, value in values if name})
    return as_npy(result) if spec['npy'] else result


def find(space, text):
    module, colon, name = text.partition(':')
    if colon and dotted(module) and dotted(name):
        return below(load(module), name.split('.'))
    first, *rest = text.split('.')
    if not dotted(text) or not rest and first not in space:
        return evaluate(space, text)
    if first in space:
        return below(space[first], rest)
    return below(getattr(builtins, first) if hasattr(builtins, first) else load(first), rest)


def dotted(text):
    return all(word.isidentifier() and not keyword.iskeyword(word) for word in text.split('.'))


def load(name):
    __import__(name)
    return sys.modules[name]


def below(value, names):
    for name in names:
        if not hasattr(value, name) and isinstance(value, type(sys)):
            try:
                __import__(value.__name__ + '.' + name)
            except ModuleNotFoundError:
                pass
        value = getattr(value, name)
    return value


def evaluate(space, text):
    text = text.strip()
    errors = sys.modules.get('_ipkit.errors')
    if errors is not None:
        name = errors.remember_source(text)
    else:
        name = '<function>'
        linecache.cache[name] = len(text), None, text.splitlines(True), name
    return eval(compile(text, name, 'eval', dont_inherit=True), space)


def decode(space, kind, value):
    if kind == 'json':
        return json.loads(value)
    if kind == 'ref':
        return eval(compile(value.strip(), '<ref>', 'eval', dont_inherit=True), space)
    if kind in ('text', 'taken'):
        return value
    data = base64.b64decode(value)
    if kind == 'npy':
        import numpy
        return numpy.load(io.BytesIO(data), allow_pickle=False)
    return data if kind == 'bytes' else data.decode('utf-8', 'surrogateescape')


def as_npy(value):
    import numpy
    array = numpy.asarray(value)
    if array.dtype.hasobject:
        raise TypeError('an array of python objects has no npy form')
    out = io.BytesIO()
    numpy.save(out, array)
    return out.getvalue()
)";

// [name, kind, text]: text as JSON can carry it.
static std::string entry(const PushValue& value) {
  const bool is_text = value.type != "bytes" && value.type != "npy" && ipc::is_utf8(value.bytes);
  const std::string kind = value.type == "text" && !is_text ? "text64" : value.type;
  return "[" + ipc::json_quote(value.name) + "," + ipc::json_quote(kind) + "," +
         ipc::json_quote(is_text ? value.bytes : ipc::cli::base64(value.bytes)) + "]";
}

Result<std::string> python_code(const Call& call) {
  if (!ipc::is_utf8(call.function))
    return Error{Code::bad_input, "the function's name is not UTF-8", ""};
  std::string spec = R"({"function":)" + ipc::json_quote(call.function) + R"(,"npy":)" +
                     (call.npy ? "true" : "false") + R"(,"arguments":[)";
  for (const auto& value : call.arguments)
    spec += (&value == call.arguments.data() ? "" : ",") + entry(value);
  spec += "]}";
  // Whoever looks at the records sees the first line.
  const std::string shown = "# ipapply " + call.function.substr(0, call.function.find('\n')) + "\n";
  return shown + "(lambda space, own: (exec(compile(" + ipc::json_quote(kPython) +
         ", '<ipapply>', 'exec', dont_inherit=True), own), own['run'](space, " +
         ipc::json_quote(spec) + "))[1])(globals(), {})";
}

static Error no_form(const std::string& what) {
  return {Code::usage, "the native kernel takes no " + what, "numbers, texts, lists and ref:NAME"};
}

Result<std::string> native_code(const Call& call) {
  if (!ipc::cli::is_identifier(call.function))
    return Error{Code::usage, "'" + call.function + "' is not the name of a function",
                 "the native kernel calls functions by name"};
  if (call.npy) return no_form("--npy");
  if (call.positional < call.arguments.size()) return no_form("--kw");
  std::string code = call.function + "(";
  for (const auto& value : call.arguments) {
    if (&value != call.arguments.data()) code += ", ";
    if (value.type == "text" && ipc::is_utf8(value.bytes))
      code += ipc::json_quote(value.bytes);
    else if (value.type == "json" || value.type == "ref")
      code += value.bytes;
    else
      return no_form("argument from a file: ippush it, and give ref:NAME");
  }
  return code + ")";
}

std::string request_content(const std::string& code) {
  return R"({"code":)" + ipc::json_quote(code) +
         R"(,"file":"<ipapply>","silent":true,"store_history":false,"user_expressions":{},)"
         R"("allow_stdin":false,"stop_on_error":false,"value":true})";
}

}  // namespace ipapply
