# Completion for bash. The options are those that the command's own help names.
_twinloop() {
  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[0]} help=--help
  [[ $COMP_CWORD -gt 1 && ${COMP_WORDS[1]} == serve ]] && help='serve --help'
  if [[ $word == -* ]]; then
    # shellcheck disable=SC2086
    mapfile -t COMPREPLY < <(compgen -W "$("$command" $help 2>/dev/null | grep -oE '(^|[ (,])--?[a-zA-Z0-9][a-z0-9-]*' | tr -d ' (,')" -- "$word")
    compopt +o filenames 2>/dev/null
    return
  fi
  mapfile -t COMPREPLY < <(compgen -f -- "$word")
  if [[ $COMP_CWORD -eq 1 ]]; then
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(
      compgen -W "$("$command" --help 2>/dev/null | sed -nE 's/^.*twinloop \[OPTIONS\] ([a-z]+).*/\1/p')" -- "$word"
    )
  fi
}
complete -o filenames -F _twinloop twinloop
