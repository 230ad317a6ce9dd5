// Which conversation is open is in the address, so that going back, reloading and links work.

/** The address of a conversation. */
export function linkTo(id) {
  return `#${encodeURIComponent(id)}`;
}

/** The conversation that the address names, if any. */
export function routed() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || undefined;
  } catch {
    return undefined;
  }
}
