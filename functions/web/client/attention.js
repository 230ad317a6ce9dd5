// The tab's title and icon say that something is unread, wherever one looks.

/** Shows the number of unread messages and where one is. */
export function showAttention(unread, place) {
  const name = place ? `${place} · Confab` : "Confab";
  document.title = unread > 0 ? `(${unread > 99 ? "99+" : unread}) ${name}` : name;
  const link = document.querySelector('link[rel="icon"]');
  const wanted = `client/${unread > 0 ? "icon-unread" : "icon"}.svg`;
  if (link.getAttribute("href") !== wanted) link.setAttribute("href", wanted);
}
