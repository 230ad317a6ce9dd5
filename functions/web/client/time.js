// Times as people say them, in their own language and time zone.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const shortDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const withYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });

const DAY = 24 * 60 * 60 * 1000;

/** Midnight before a moment: two of the same day are equal. */
export function dayOf(timestamp) {
  return new Date(timestamp).setHours(0, 0, 0, 0);
}

function daysAgo(timestamp) {
  return Math.round((dayOf(Date.now()) - dayOf(timestamp)) / DAY);
}

/** The time of day. */
export function timeOf(timestamp) {
  return clock.format(new Date(timestamp));
}

/** A day as a heading. */
export function dayName(timestamp) {
  const days = daysAgo(timestamp);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const date = new Date(timestamp);
  return date.getFullYear() === new Date().getFullYear() ? longDay.format(date) : withYear.format(date);
}

/** A moment in full. */
export function moment(timestamp) {
  return exact.format(new Date(timestamp));
}

/** A moment in few letters: the time today, the weekday this week, else the date. */
export function briefly(timestamp) {
  const days = daysAgo(timestamp);
  if (days === 0) return timeOf(timestamp);
  if (days === 1) return "Yesterday";
  return days < 7 ? weekday.format(new Date(timestamp)) : shortDay.format(new Date(timestamp));
}

/** A moment to come, in few letters: the time today, else the day, too. */
export function soon(timestamp) {
  const time = timeOf(timestamp);
  const days = -daysAgo(timestamp);
  if (days <= 0) return time;
  if (days === 1) return `tomorrow, ${time}`;
  return `${days < 7 ? weekday.format(new Date(timestamp)) : shortDay.format(new Date(timestamp))}, ${time}`;
}
