/** Put the page behind a sheet or a full screen out of reach, or back. Chrome 64 has no `toggleAttribute`. */
export function setInert(inert: boolean): void {
  for (const part of document.querySelectorAll(".page-top, .page-main, .page-foot")) {
    if (inert) part.setAttribute("inert", "");
    else part.removeAttribute("inert");
  }
}
