// Moments and durations as people read them; everywhere seconds since the epoch come in.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

const startOfDay = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

/** Seconds since the epoch at which the day began `days` days ago; 1 is today. */
export function daysAgo(days) {
  const start = startOfDay(new Date());
  start.setDate(start.getDate() - days + 1);
  return start.getTime() / 1000;
}

/** Today the time of day, before that the day too. */
export function moment(seconds) {
  const date = new Date(seconds * 1000);
  const today = startOfDay(new Date()).getTime() === startOfDay(date).getTime();
  return today ? clock.format(date) : `${day.format(date)}, ${clock.format(date)}`;
}

export const fullMoment = (seconds) => full.format(new Date(seconds * 1000));

/** `12 s`, `3:07 min`, `1:02:03 h`. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (number) => String(number).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)} h`;
}
