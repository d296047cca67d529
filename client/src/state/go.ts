/** Paths of pages; `home` is where the back button ends. */
export const PAGES = {
  home: "/pages/home/home",
  login: "/pages/login/login",
  registration: "/pages/registration/registration",
  scan: "/pages/scan/scan",
  result: "/pages/result/result",
  travelCard: "/pages/travel-card/travel-card",
  family: "/pages/family/family",
  paperPass: "/pages/paper-pass/paper-pass",
  visits: "/pages/visits/visits",
  accesses: "/pages/accesses/accesses",
  declarations: "/pages/declarations/declarations",
  my: "/pages/my/my",
  ownData: "/pages/own-data/own-data",
  guardVenues: "/pages/guard/venues/venues",
  guardScan: "/pages/guard/scan/scan",
  guardOutcome: "/pages/guard/outcome/outcome",
  guardManual: "/pages/guard/manual/manual",
  guardOffline: "/pages/guard/offline/offline",
  guardAbnormal: "/pages/guard/abnormal/abnormal",
  head: "/pages/head/workbench/workbench",
  headApply: "/pages/head/apply/apply",
  headPosters: "/pages/head/posters/posters",
  headStaff: "/pages/head/staff/staff",
} as const;

export type PageName = keyof typeof PAGES;

/** A mini-program keeps no more, one under the other; the next takes the place of the last. */
const MOST_PAGES = 10;

let going = false;

/** Open a page over this one. A second tap while it opens does nothing. */
export function go(page: PageName, query: Record<string, string> = {}): void {
  if (going) return;
  going = true;
  uni.navigateTo({
    url: address(page, query),
    fail: () => {
      if (getCurrentPages().length >= MOST_PAGES) replace(page, query);
    },
    complete: () => {
      going = false;
    },
  });
}

/** Go to a page in place of this one, so that "back" does not return here. */
export function replace(page: PageName, query: Record<string, string> = {}): void {
  uni.redirectTo({ url: address(page, query) });
}

/** Close all pages and start at this one. */
export function start(page: PageName, query: Record<string, string> = {}): void {
  uni.reLaunch({ url: address(page, query) });
}

/** Return whether a page lies under this one that is not home. */
export function overAnother(): boolean {
  const pages = getCurrentPages();
  const below = pages[pages.length - 2]?.route;
  return below !== undefined && `/${below}` !== PAGES.home;
}

export function goBack(): void {
  const pages = getCurrentPages().length;
  // #ifdef H5
  // Before a page has loaded, uni only notes where to go.
  if (pages === 0) {
    location.replace("#/");
    return;
  }
  // #endif
  if (pages > 1) uni.navigateBack({});
  else start("home");
}

/**
 * Return what tells, once an answer has come, whether the page that is in front now still is: a person who went
 * on meanwhile is not moved from where they are.
 */
export function stillHere(): () => boolean {
  const page = front();
  return () => front() === page;
}

function front(): unknown {
  const pages = getCurrentPages();
  return pages[pages.length - 1];
}

function address(page: PageName, query: Record<string, string>): string {
  const parts = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return parts.length > 0 ? `${PAGES[page]}?${parts.join("&")}` : PAGES[page];
}
