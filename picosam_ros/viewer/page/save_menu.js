// The menu of what can be taken along, above its button.

const GAP = 6;

export class SaveMenu {
  // `acts`: by the `value` of a menu's button; `possible`: returns whether such a value
  // can be had now.
  constructor(menu, button, acts, possible) {
    Object.assign(this, { menu, button, possible });
    this.items = [...menu.querySelectorAll('button')];
    button.addEventListener('click', () => this.open());
    // Beside the menu, or on what is there to do.
    menu.addEventListener('click', ({ target }) => {
      const item = target.closest('button');
      if (target !== menu && !item) return;
      menu.close();
      acts[item?.value]?.();
    });
  }

  // Another image is shown: what can be had is another.
  update() {
    if (!this.menu.open) return;
    for (const item of this.items) item.disabled = !this.possible(item.value);
  }

  open() {
    this.menu.showModal();
    this.update();
    const anchor = this.button.getBoundingClientRect();
    const { width, height } = this.menu.getBoundingClientRect();
    this.menu.style.left = `${Math.max(Math.min(anchor.left, innerWidth - width - GAP), GAP)}px`;
    this.menu.style.top = `${Math.max(anchor.top - height - GAP, GAP)}px`;
  }
}
