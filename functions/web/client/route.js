// Which conversation is open is in the address, so that going back, reloading and links work.

/** The address of a conversation, or of a message in it. */
export function linkTo(id, seq) {
  return `#${encodeURIComponent(id)}${seq === undefined ? "" : `/${seq}`}`;
}

/** The conversation that the address names, if any, and the message in it. */
export function routed() {
  const [, name, seq] = location.hash.match(/^#([^/]*)(?:\/(\d{1,15}))?$/) ?? [];
  try {
    return { id: decodeURIComponent(name ?? "") || undefined, seq: seq && Number(seq) };
  } catch {
    return {};
  }
}
