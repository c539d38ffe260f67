# SPDX-License-Identifier: BSD-3-Clause
# fish's completion for every program of ipkit: options come from the program's own rows, targets
# and jobs from the running cluster, profiles and cluster ids from their files.

# __ipkit_ask PROGRAM ARGUMENT…: what it prints about the cluster that $cluster says.
function __ipkit_ask --no-scope-shadowing
    timeout 2 $argv --connect-timeout 1s $cluster 2>/dev/null </dev/null
end

function __ipkit_root
    set -q IPYTHONDIR; and echo $IPYTHONDIR; or echo $HOME/.ipython
end

function __ipkit_profiles
    for directory in (__ipkit_root)/profile_*/
        string replace -r '.*/profile_(.*)/$' '$1' $directory
    end
end

function __ipkit_cluster_ids --argument-names profile
    for file in (__ipkit_root)/profile_$profile/security/ipcontroller-*-client.json
        string replace -r '.*/ipcontroller-(.*)-client.json$' '$1' $file
    end
end

function __ipkit_kernels
    printf '%s\n' python sh native
    set -l own $HOME/.local/share
    set -q XDG_DATA_HOME; and test -n "$XDG_DATA_HOME"; and set own $XDG_DATA_HOME
    for file in {$own,/usr/local/share,/usr/share}/jupyter/kernels/*/kernel.json
        string replace -r '.*/(.*)/kernel.json$' 'jupyter:$1' $file
    end
    for file in (__ipkit_root)/profile_*/security/ipcontroller-client.json
        string replace -r '.*/profile_([^/]*)/.*' 'cluster:$1' $file
    end
end

# __ipkit_list WORD BEFORE: the words of standard input, after those that WORD has already.
function __ipkit_list --argument-names word before
    set -l had (string match -r '.*,' -- $word)
    while read -l line
        printf '%s\n' "$before$had$line"
    end
end

# __ipkit_values LONG ARGUMENT WORD BEFORE: what the value of an option could be; BEFORE each.
function __ipkit_values --no-scope-shadowing
    switch $argv[1]/$argv[2]
        case 'profile/*'
            printf "$argv[4]%s\n" (__ipkit_profiles)
        case 'cluster-id/*'
            printf "$argv[4]%s\n" (__ipkit_cluster_ids $profile)
        case 'kernel/*,*'
            __ipkit_kernels | __ipkit_list $argv[3] $argv[4]
        case 'kernel/*'
            printf "$argv[4]%s\n" (__ipkit_kernels)
        case 'scheme/*'
            printf "$argv[4]%s\n" leastload lru plainrandom twobin weighted pure
        case 'halt/WHEN'
            printf "$argv[4]%s\n" never now,fail=1 soon,fail=1 soon,fail=10% now,success=1 \
                soon,done=50%
        case 'type/TYPE'
            if test "$name" = ipmap
                printf "$argv[4]%s\n" auto text json
            else
                printf "$argv[4]%s\n" lines bytes json npy
            end
        case '*/KIND'
            printf "$argv[4]%s\n" local ssh mpi slurm pbs sge lsf condor winhpc batch
        case '*/SET'
            begin
                printf '%s\n' all ::2 -1
                __ipkit_ask ipls | string replace -r '\s.*' ''
            end | __ipkit_list $argv[3] $argv[4]
        case '*/JOBS'
            __ipkit_ask iphistory -q -n 50 | __ipkit_list $argv[3] $argv[4]
        case '*/FILE' '*/PATH' '*/DIR'
            __fish_complete_path $argv[3] | string replace -r '^' -- $argv[4]
    end
end

# __ipkit_row SPELLING ROW…: the row of an option spelled so.
function __ipkit_row
    for row in $argv[2..-1]
        set -l fields (string split \t -- $row)
        if contains -- "$argv[1]" "--$fields[2]" "-$fields[1]"
            printf '%s\n' $fields
            return
        end
    end
end

function __ipkit_verbs --argument-names program
    if string match -q '*ipprofile' $program
        printf '%s\n' list show locate check create key
    else
        $program --help 2>/dev/null </dev/null | string match -r '^Verbs: [a-z, ]+' |
            string replace Verbs: '' | string split -n , | string trim
    end
end

function __ipkit_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l program $words[1]
    set -l name (string replace -r '.*/' '' $program)
    set -l rows ($program --help-rows 2>/dev/null </dev/null)
    set -l profile default
    set -q IPKIT_PROFILE; and set profile $IPKIT_PROFILE
    set -l cluster
    set -l verb
    set -l operand
    set -l wanted

    # What the words before the current one are.
    for given in $words[2..-1]
        if set -q wanted[1]
            switch $wanted[2]
                case profile profile-dir cluster-id connection
                    set -a cluster --$wanted[2] $given
                    test $wanted[2] = profile; and set profile $given
            end
            set wanted
            continue
        end
        if string match -qr '^-.' -- $given
            set -l parts (string split -m 1 = -- $given)
            set wanted (__ipkit_row $parts[1] $rows)
            test -n "$wanted[3]"; or set wanted
            if set -q wanted[1]; and set -q parts[2]
                contains $wanted[2] profile profile-dir cluster-id connection
                and set -a cluster --$wanted[2] $parts[2]
                test $wanted[2] = profile; and set profile $parts[2]
                set wanted
            end
        else if contains $name ipcluster ipprofile; and test -z "$verb"
            set verb $given
            test $name = ipcluster; and set rows ($program $verb --help-rows 2>/dev/null </dev/null)
        else
            set operand $given
            contains $name ipcluster ipprofile ipdag ipwait ipresult ipcancel iphistory \
                ipreport; or break
        end
    end

    if set -q wanted[1]
        __ipkit_values $wanted[2] $wanted[3] "$word" ''
        return
    end
    set -l parts (string split -m 1 = -- $word)
    if string match -q -- '--*=*' $word
        set wanted (__ipkit_row $parts[1] $rows)
        __ipkit_values "$wanted[2]" "$wanted[3]" "$parts[2]" $parts[1]=
        return
    end
    set -l free_order (contains $name ipcluster ipprofile ipdag iphistory ipreport; and echo yes)
    if string match -q -- '-*' $word; and test -z "$operand" -o -n "$free_order"
        for row in $rows
            set -l fields (string split \t -- $row)
            printf '--%s\t%s\n' $fields[2] $fields[4]
        end
        return
    end
    switch $name
        case ipcluster ipprofile
            if test -z "$verb"
                __ipkit_verbs $program
            else if test "$verb" = engines
                test -n "$operand"; or printf '%s\n' add remove
            else if test $name = ipprofile -a "$verb" != list
                __ipkit_profiles
            end
        case ipwait ipresult ipcancel iphistory ipreport
            __ipkit_ask iphistory -q -n 50 | __ipkit_list "$word" ''
        case '*'
            __fish_complete_path $word
    end
end

for program in ipcluster ipcontroller ipengine ipprofile ipexec ipapply ippush ippull ipscatter \
        ipgather ipls ipclear ipmap ipsubmit ipdag ipwait ipresult ipcancel iphistory ipstat \
        iptop ipreport ipconsole ipkernel ipkit
    complete -c $program -f -a '(__ipkit_complete)'
end
