import { afterEach, expect, test } from "vitest";
import { nextTick } from "vue";

import { clockTime, date, day, dayInChina, moment } from "@/state/moments";
import { languageOf, settings, type Language } from "@/state/settings";

afterEach(() => speak("zh-Hans"));

async function speak(language: Language): Promise<void> {
  settings.language = language;
  await nextTick();
}

const NOON = new Date(2022, 3, 24, 12, 0);
const at = (...parts: [number, number, number, number, number]) => new Date(...parts).toISOString();

test("a time is as short as its day allows", async () => {
  await speak("en");
  expect(moment(at(2022, 3, 24, 8, 5), NOON)).toBe("8:05");
  expect(moment(at(2022, 3, 24, 0, 0), NOON)).toBe("0:00");
  expect(moment(at(2022, 3, 23, 23, 59), NOON)).toBe("yesterday 23:59");
  expect(moment(at(2022, 3, 22, 18, 5), NOON)).toBe("22 Apr 18:05");
  expect(moment(at(2021, 11, 31, 18, 5), NOON)).toBe("31 Dec 2021 18:05");
});

test("yesterday is a day of the calendar, over months and years too", async () => {
  await speak("en");
  expect(moment(at(2021, 11, 31, 23, 0), new Date(2022, 0, 1, 1, 0))).toBe("yesterday 23:00");
  expect(moment(at(2022, 3, 25, 1, 0), NOON)).toBe("25 Apr 1:00");
});

test("a date of the API is the same day in every zone", async () => {
  await speak("en");
  expect(date("2022-04-24", NOON)).toBe("24 Apr");
  expect(date("2023-01-01", NOON)).toBe("1 Jan 2023");
});

test("what ends is dated in China, whatever the phone's zone, and with the year unless it is this one there", async () => {
  await speak("en");
  const zone = process.env.TZ;
  for (const other of ["America/Los_Angeles", "Asia/Shanghai", "Pacific/Auckland"]) {
    process.env.TZ = other;
    expect(dayInChina("2022-05-23T15:59:59.000Z", new Date("2022-04-24T04:00:00Z"))).toBe("23 May");
    expect(dayInChina("2022-05-23T16:00:00.000Z", new Date("2022-04-24T04:00:00Z"))).toBe("24 May");
    expect(dayInChina("2022-01-20T04:00:00.000Z", new Date("2021-12-31T15:59:00Z"))).toBe("20 Jan 2022");
    expect(dayInChina("2022-01-20T04:00:00.000Z", new Date("2021-12-31T16:00:00Z"))).toBe("20 Jan");
  }
  process.env.TZ = zone;
});

test("days are written as the language does", () => {
  expect(day(new Date(2022, 3, 24), NOON)).toMatch(/^4\s?月\s?24\s?日$/);
});

test("a running clock has two digits each", () => {
  expect(clockTime(new Date(2022, 3, 24, 9, 5, 7).getTime())).toBe("09:05:07");
});

test("a phone's language becomes one of three", () => {
  const expected = {
    "zh-CN": "zh-Hans",
    zh: "zh-Hans",
    "zh-SG": "zh-Hans",
    "zh-TW": "zh-Hant",
    zh_HK: "zh-Hant",
    "zh-MO": "zh-Hant",
    "zh-Hant-CN": "zh-Hant",
    "zh-Hans-HK": "zh-Hans",
    yue: "zh-Hant",
    "en-GB": "en",
    fr: "en",
    "": "en",
  };
  expect(Object.fromEntries(Object.keys(expected).map((tag) => [tag, languageOf(tag)]))).toEqual(expected);
});
