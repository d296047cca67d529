/** Return a date of the API some days later, or earlier: `2022-04-30` and 1 are `2022-05-01`. */
export function daysLater(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Return a whole number with commas between thousands, as on signs in all three languages. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}
