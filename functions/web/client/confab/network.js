// Signs that the network may have changed.

/** @param {() => void} act @returns {() => void} what ends it */
export function watchNetwork(act) {
  /** @param {Event} event */
  const look = ({ type }) => {
    if (type !== "visibilitychange" || !document.hidden) act();
  };
  const change = (/** @type {"addEventListener" | "removeEventListener"} */ how) => {
    for (const type of ["online", "offline"]) globalThis[how]?.(type, look);
    globalThis.document?.[how]("visibilitychange", look);
  };
  change("addEventListener");
  return () => change("removeEventListener");
}
