// Requests to the program that serves the page. What it refuses is raised with its sentence.

const GONE = 'the program behind this page cannot be reached; start it again, and load the page anew';

export async function getJson(path) {
  return (await asked(path)).json();
}

export async function getBlob(path) {
  return (await asked(path)).blob();
}

export async function post(path, content) {
  const headers = { 'Content-Type': 'application/json' };
  return (await asked(path, { method: 'POST', headers, body: JSON.stringify(content) })).json();
}

async function asked(path, options) {
  let response;
  try {
    // Relative: a proxy may serve the page in a folder.
    response = await fetch(path, options);
  } catch {
    throw new Error(GONE);
  }
  if (!response.ok) throw new Error((await response.text()).trim() || `HTTP ${response.status}`);
  return response;
}
