import { nextTick } from "vue";

/** Scroll until a part of the page, by its id, is in sight. The focus stays where it is. */
export async function reveal(id: string): Promise<void> {
  await nextTick();
  // #ifdef H5
  document.getElementById(id)?.scrollIntoView({ block: "nearest" });
  // #endif
  // #ifndef H5
  uni.pageScrollTo({ selector: `#${id}` });
  // #endif
}
