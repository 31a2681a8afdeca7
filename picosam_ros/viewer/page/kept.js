// What is kept in this tab, through reloads and over a choice of another camera (sessionStorage).
// A browser may forbid that: then it holds until the page is closed.

export function kept(name, otherwise) {
  try {
    return JSON.parse(sessionStorage.getItem(`picosam ${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function keep(name, value) {
  try {
    sessionStorage.setItem(`picosam ${name}`, JSON.stringify(value));
  } catch {
    // As above.
  }
}
