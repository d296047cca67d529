import { expect, test } from "vitest";

import { Problem } from "@/api/problem";
import { LoginDeclined, Session } from "@/state/session";
import { FakeStorage } from "./fake-storage";

const ENDED = new Problem(401, { code: "token_revoked", detail: "This login has ended." }, undefined);

test("a login outlives the closed app", () => {
  const phone = new FakeStorage();
  new Session(phone).entered("a1", "r1", "per_A");
  const later = new Session(phone);
  expect([later.access(), later.refreshToken(), later.state.personId]).toEqual(["a1", "r1", "per_A"]);
});

test("renewed tokens outlive it too", () => {
  const phone = new FakeStorage();
  const session = new Session(phone);
  session.entered("a1", "r1", "per_A");
  session.renewed("a2", "r2");
  expect(new Session(phone).refreshToken()).toBe("r2");
});

test("tokens that come after the log-out are not kept", () => {
  const phone = new FakeStorage();
  const session = new Session(phone);
  session.entered("a1", "r1", "per_A");
  session.ended();
  session.renewed("a2", "r2");
  expect(session.access()).toBeNull();
  expect(new Session(phone).access()).toBeNull();
});

test("calls that need a login wait for it, and go on after it", async () => {
  const session = new Session(new FakeStorage());
  session.entered("a1", "r1", "per_A");
  const calls = Promise.all([session.loginNeeded(ENDED), session.loginNeeded(ENDED)]);
  expect(session.state).toMatchObject({ asking: true, reason: "This login has ended." });
  expect(session.entered("a2", "r2", "per_A")).toBe(false);
  await calls;
  expect(session.state.asking).toBe(false);
});

test("after a login of another person the former one's calls fail", async () => {
  const session = new Session(new FakeStorage());
  session.entered("a1", "r1", "per_A");
  const call = session.loginNeeded(ENDED);
  expect(session.entered("b1", "s1", "per_B")).toBe(true);
  await expect(call).rejects.toBeInstanceOf(LoginDeclined);
});

test("who declines to log in is logged out", async () => {
  const session = new Session(new FakeStorage());
  session.entered("a1", "r1", "per_A");
  const call = session.loginNeeded(ENDED);
  session.ended();
  await expect(call).rejects.toBeInstanceOf(LoginDeclined);
  expect(session.state).toMatchObject({ personId: null, asking: false });
});

test("a tab uses the tokens that another one has renewed: each refresh token works once", () => {
  const phone = new FakeStorage();
  const first = new Session(phone);
  first.entered("a1", "r1", "per_A");
  const second = new Session(phone);
  first.renewed("a2", "r2");
  expect(second.refreshToken()).toBe("r2");
  expect(second.access()).toBe("a2");
});

test("a log-out or another person's login in one tab counts in the others", async () => {
  const phone = new FakeStorage();
  const first = new Session(phone);
  first.entered("a1", "r1", "per_A");
  const second = new Session(phone);
  const call = second.loginNeeded(ENDED);
  first.ended();
  expect(second.reread()).toBe(true);
  await expect(call).rejects.toBeInstanceOf(LoginDeclined);
  expect([second.access(), second.state.personId]).toEqual([null, null]);
  first.entered("b1", "s1", "per_B");
  expect(second.reread()).toBe(true);
  expect([second.access(), second.person()]).toEqual(["b1", "per_B"]);
  expect(second.reread()).toBe(false);
});

test("a login holds in a browser whose storage is full, as long as the tab", () => {
  const full = new FakeStorage();
  full.write = () => {
    throw new Error("full");
  };
  const session = new Session(full);
  session.entered("a1", "r1", "per_A");
  expect([session.access(), session.refreshToken()]).toEqual(["a1", "r1"]);
});

test.each([{ access: "a" }, { access: "", refresh: "r", personId: "p" }, "text", 7])("what is no login in the storage is none: %j", (kept) => {
  const phone = new FakeStorage();
  phone.write("login", kept);
  const session = new Session(phone);
  expect([session.access(), session.person()]).toEqual([null, null]);
});
