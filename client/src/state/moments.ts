import { t } from "@/texts";

/** Return a time of the API as a short text of this phone's zone: 14:32, yesterday 18:05, 24 April 8:40. */
export function moment(iso: string, now: Date = new Date()): string {
  const at = new Date(iso);
  const time = `${at.getHours()}:${String(at.getMinutes()).padStart(2, "0")}`;
  const days = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  if (days === 0) return time;
  if (days === 1) return t("time.yesterday", { time });
  return `${day(at, now)} ${time}`;
}

/** Return the day of a time: 24 April, with the year unless it is this one. */
export function day(at: Date, now: Date = new Date()): string {
  const values = { y: at.getFullYear(), m: at.getMonth() + 1, d: at.getDate(), month: MONTHS[at.getMonth()]! };
  return at.getFullYear() === now.getFullYear() ? t("time.day", values) : t("time.day_year", values);
}

/** Return the day of a time of the API in China, whatever the phone's zone is: what ends, ends there. */
export function dayInChina(iso: string, now: Date = new Date()): string {
  return date(chinaDate(Date.parse(iso)), new Date(`${chinaDate(now.getTime())}T00:00`));
}

/** Return the date in China, such as `2022-04-24`, of a time in milliseconds. All its regions have one zone and no summer time. */
export function chinaDate(at: number): string {
  return new Date(at + CHINA_MS).toISOString().slice(0, 10);
}

/** Return a date of the API, such as `2022-04-24`, as a text without a zone. */
export function date(text: string, now: Date = new Date()): string {
  const [y, m, d] = text.split("-").map(Number);
  return day(new Date(y!, m! - 1, d!), now);
}

/** Return hours, minutes and seconds of this phone's clock, or of `at` milliseconds. */
export function clockTime(at: number): string {
  const time = new Date(at);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

const CHINA_MS = 8 * 3_600_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function midnight(at: Date): number {
  return Date.UTC(at.getFullYear(), at.getMonth(), at.getDate());
}
