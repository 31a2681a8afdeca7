// Undo and redo: what each act of the user made of the objects' prompts.

const LONGEST = 100;

// An act is a list of changes: object, before, after; the prompts are null where there is no object.
export class History {
  // `on`: change(), as what can be undone or redone is another.
  constructor(prompts, on) {
    Object.assign(this, { prompts, on });
    this.done = [];
    this.undone = [];
    this.asked = new Map();
  }

  // Notes an act whose request was sent with a tag; `object` is 0 where it is a new one.
  add(tag, change) {
    this.undone = [];
    this.done.push([change]);
    this.done.splice(0, this.done.length - LONGEST);
    this.ask(tag, change, change.after);
  }

  // Notes an act that is not answered one by one.
  addAll(changes) {
    if (!changes.length) return;
    this.undone = [];
    this.done.push(changes);
    for (const { object } of changes) this.prompts.set(object, null);
    this.on.change();
  }

  ask(tag, change, prompt) {
    this.asked.set(tag, { change, prompt, present: this.prompts.get(change.object) });
    if (change.object) this.prompts.set(change.object, prompt);
    this.on.change();
  }

  // Returns whether the tag is that of an act.
  accept(tag, object) {
    const asked = this.asked.get(tag);
    if (!asked) return false;
    this.asked.delete(tag);
    const { change, prompt } = asked;
    if (change.object !== object) {
      this.rename(change, object);
      this.prompts.set(object, prompt);
    }
    return true;
  }

  // Forgets the change, which never was.
  refuse(tag) {
    const asked = this.asked.get(tag);
    if (!asked) return;
    this.asked.delete(tag);
    const { change, present } = asked;
    if (change.object) this.prompts.set(change.object, present);
    for (const acts of [this.done, this.undone]) {
      const at = acts.findIndex((act) => act.includes(change));
      if (at >= 0) acts.splice(at, 1);
    }
    this.on.change();
  }

  // Returns the changes that lead one act back, or forth again; `prompt` is what is to be.
  back() {
    return this.turn(this.done, this.undone, 'before');
  }

  forth() {
    return this.turn(this.undone, this.done, 'after');
  }

  turn(from, to, which) {
    const act = from.pop();
    if (!act) return [];
    to.push(act);
    const other = which === 'before' ? 'after' : 'before';
    for (const change of act) {
      // An object that goes is to come back where it was last.
      if (!change[which]) change[other] = this.prompts.get(change.object) ?? change[other];
    }
    return act.map((change) => ({ change, prompt: change[which] }));
  }

  // An object that comes back may get another id.
  rename(change, object) {
    const before = change.object;
    change.object = object;
    if (!before) return;
    for (const each of [...this.done, ...this.undone].flat()) {
      if (each.object === before) each.object = object;
    }
  }
}
