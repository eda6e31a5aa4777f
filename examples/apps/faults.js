// What a program cannot do without is not there when it starts: it says where that is, without a password, and why it is not had.

/** The fault of a start. `setting` is the variable that `address` comes from. */
export function cannotOpen(setting, address, error) {
  const place = address.replace(/\/\/.*@/s, '//').replace(/\?.*/s, '');
  return new Error(`cannot open ${place} (${setting}): ${reasonOf(error)}`);
}

/** Why something failed; of several addresses of one name, each has a reason of its own. */
export function reasonOf(error) {
  const all = error.errors?.map(reasonOf) ?? [];
  return all.join(', ') || error.message || error.code || error.name;
}
