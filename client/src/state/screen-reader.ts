/** Return whether a screen reader is on, as far as the platform tells: WeChat does (base library 2.13), Alipay and browsers do not. */
export function screenReaderOn(): Promise<boolean> {
  // #ifdef MP-WEIXIN
  return new Promise((resolve) => {
    if (wx.checkIsOpenAccessibility === undefined) resolve(false);
    else wx.checkIsOpenAccessibility({ success: ({ open }) => resolve(open), fail: () => resolve(false) });
  });
  // #endif
  // #ifndef MP-WEIXIN
  return Promise.resolve(false);
  // #endif
}
