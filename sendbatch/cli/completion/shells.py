"""The scripts by which shells ask. Each passes what is typed as data, and runs nothing of the answer."""

from __future__ import annotations

ASKED = "_SENDBATCH_COMPLETE"  # in the environment: by which shell
TYPED = "_SENDBATCH_LINE"  # the line up to the cursor
BREAKS = "_SENDBATCH_BREAKS"  # what divides words for bash
OURS = "# Completion of sendbatch"  # how each script begins: it may be written over

_BASH = f"""\
{OURS} for bash. It is written anew by: sendbatch --install-completion bash
_sendbatch_completion() {{
    local answer
    COMPREPLY=()
    while IFS= read -r answer; do
        COMPREPLY+=("$answer")
    done < <({ASKED}=bash {TYPED}="${{COMP_LINE:0:COMP_POINT}}" {BREAKS}="$COMP_WORDBREAKS" \\
        "${{1/#\\~/$HOME}}" 2>/dev/null)
    if [[ ${{#COMPREPLY[@]}} -eq 1 && ${{COMPREPLY[0]}} == *[/=] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}}
complete -o nosort -F _sendbatch_completion sendbatch 2>/dev/null ||
    complete -F _sendbatch_completion sendbatch
"""

_ZSH = f"""\
#compdef sendbatch
{OURS} for zsh. It is written anew by: sendbatch --install-completion zsh
_sendbatch() {{
    local answer value
    local -a values shown open
    while IFS= read -r answer; do
        value=${{answer%%$'\\t'*}}
        if [[ $value == *[/=] ]]; then
            open+=("$value")
        else
            values+=("$value")
            shown+=("${{answer/$'\\t'/  -- }}")
        fi
    done < <({ASKED}=zsh ${{(Q)~words[1]}} "${{(@Q)words[2,CURRENT-1]}}" "${{(Q)PREFIX}}" 2>/dev/null)
    (( $#values )) && compadd -V sendbatch -l -d shown -a values
    (( $#open )) && compadd -V open -S '' -a open
}}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _sendbatch "$@"
else
    compdef _sendbatch sendbatch
fi
"""

_FISH = f"""\
{OURS} for fish. It is written anew by: sendbatch --install-completion fish
function __sendbatch_completion
    set -l line (commandline -cp | string collect)
    set -l words (commandline -opc)
    env {ASKED}=fish {TYPED}="$line" $words[1] 2>/dev/null
end
complete --command sendbatch --erase
complete --command sendbatch --no-files --keep-order --arguments "(__sendbatch_completion)"
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
