// Menus of a list: one open at a time, closed by Escape or a press elsewhere, opened upwards where there is no room below.

/** @param {HTMLElement} root */
export function menus(root) {
  const open = () => /** @type {HTMLDetailsElement[]} */ ([...root.querySelectorAll("details.menu[open]")]);

  root.addEventListener(
    "toggle",
    ({ target }) => {
      if (!(target instanceof HTMLDetailsElement) || !target.matches(".menu[open]")) return;
      open().forEach((other) => (other.open = other === target));
      target.classList.remove("up");
      const list = target.querySelector("ul");
      const end = document.querySelector(".dock")?.getBoundingClientRect().top ?? innerHeight;
      target.classList.toggle("up", Boolean(list) && list.getBoundingClientRect().bottom > end);
    },
    true,
  );
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });
  document.addEventListener("click", ({ target }) => {
    open().forEach((menu) => (menu.open = target instanceof Node && menu.contains(target)));
  });
}
