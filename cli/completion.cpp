#include "cli/completion.h"

namespace ferry::cli {

std::string bash_completion() {
  return R"(# bash completion of ferry; source it, or put it where bash-completion looks.
_ferry() {
  # bash cuts words at : = and @ (COMP_WORDBREAKS); what no blank parts is one word again here.
  local rest=${COMP_LINE:0:COMP_POINT} i blank piece
  local -a words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    blank=${rest%%[![:space:]]*}
    rest=${rest#"$blank"}
    piece=${COMP_WORDS[i]}
    [[ $i -eq $COMP_CWORD ]] && piece=$rest
    rest=${rest#"$piece"}
    if [[ $i -eq 0 || -n $blank ]]; then
      words+=("$piece")
    else
      words[${#words[@]} - 1]+=$piece
    fi
  done
  local cur=${words[${#words[@]} - 1]} out line directive
  # Of a word that it has cut, bash replaces the last piece alone, an @ at its beginning included.
  local last=$cur
  for i in : =; do
    [[ $COMP_WORDBREAKS == *"$i"* ]] && last=${last##*"$i"}
  done
  [[ $COMP_WORDBREAKS == *@* && $last == *@* ]] && last=@${last##*@}
  out=$("${words[0]/#\~/$HOME}" __complete "${words[@]:1}" 2>/dev/null) || return 0
  directive=${out##*:}
  COMPREPLY=()
  while IFS= read -r line; do
    line=${line%%$'\t'*}
    [[ -n $line ]] && COMPREPLY+=("${line#"${cur%"$last"}"}")
  done <<<"${out%:*}"
  case $directive in
  6) compopt -o nospace 2>/dev/null ;;
  0) compopt -o default 2>/dev/null ;;
  16) compopt -o dirnames 2>/dev/null ;;
  esac
  return 0
}
complete -F _ferry ferry kubectl-ferry
)";
}

std::string zsh_completion() {
  return R"(#compdef ferry kubectl-ferry
_ferry() {
  local -a typed lines closed open
  local line entry
  local program=${(Q)words[1]}
  (( CURRENT > 2 )) && typed=("${(@Q)words[2,CURRENT-1]}")
  lines=("${(@f)$(${~program} __complete "${(@)typed}" "${(Q)PREFIX}" 2>/dev/null)}")
  local directive=${lines[-1]#:}
  for line in "${(@)lines[1,-2]}"; do
    entry=${line%%$'\t'*}
    entry=${entry//:/\\:}
    [[ $line == *$'\t'* ]] && entry+=":${line#*$'\t'}"
    if [[ ${line%%$'\t'*} == */ ]]; then
      open+=("$entry")
    else
      closed+=("$entry")
    fi
  done
  (( ${#closed} )) && _describe 'ferry' closed
  (( ${#open} )) && _describe 'ferry' open -S ''
  if (( ${#closed} + ${#open} == 0 )); then
    case $directive in
    0) _files ;;
    16) _files -/ ;;
    esac
  fi
}
if [[ ${funcstack[1]} == _ferry ]]; then
  _ferry "$@"
else
  compdef _ferry ferry kubectl-ferry
fi
)";
}

std::string fish_completion() {
  return R"(function __ferry_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $typed[1])
    set -l lines ($program __complete $typed[2..-1] "$current" 2>/dev/null)
    test (count $lines) -gt 0; or return
    if test (count $lines) -gt 1
        string join \n -- $lines[1..-2]
        return
    end
    switch $lines[1]
        case :0
            __fish_complete_path "$current"
        case :16
            __fish_complete_directories "$current"
    end
end
complete -c ferry -f -a '(__ferry_complete)'
complete -c kubectl-ferry -f -a '(__ferry_complete)'
)";
}

}  // namespace ferry::cli
