/** Some platforms never call back. */
const ANSWERS_WITHIN_MS = 500;

/** Return whether a screen reader is on, as far as the platform tells at once: newer ones do, browsers do not. */
export function screenReaderOn(): Promise<boolean> {
  return new Promise((resolve) => {
    const fail = (): void => resolve(false);
    setTimeout(fail, ANSWERS_WITHIN_MS);
    // #ifdef MP-WEIXIN
    // From base library 2.13.0 on.
    if (wx.checkIsOpenAccessibility === undefined) fail();
    else wx.checkIsOpenAccessibility({ success: ({ open }) => resolve(open), fail });
    // #endif
    // #ifdef MP-ALIPAY
    if (my.isScreenReaderEnabled === undefined) fail();
    else my.isScreenReaderEnabled({ success: ({ screenReaderEnabled }) => resolve(screenReaderEnabled), fail });
    // #endif
    // #ifdef H5
    fail();
    // #endif
  });
}
