/** Where the time zone was not chosen yet, the browser's own is. */

const select = /** @type {HTMLSelectElement | null} */ (document.querySelector("select[data-guess-zone]"));

if (select && select.value === select.dataset.guessZone) {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...select.options].some((option) => option.value === zone)) select.value = zone;
}
