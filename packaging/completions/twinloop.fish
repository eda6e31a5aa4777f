# Completion for fish. The options are those that the command's own help names.
complete -c twinloop -n 'string match -q -- "-*" (commandline -ct)' \
  -a '(twinloop --help | string match -rag -- "(?:^|[ (,])(--?[a-zA-Z0-9][a-z0-9-]*)")'
complete -c twinloop -n 'test (count (commandline -opc)) = 1' \
  -a '(twinloop --help | string match -rg -- "twinloop \[OPTIONS\] ([a-z]+)")'
