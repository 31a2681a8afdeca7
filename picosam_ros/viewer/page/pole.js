// The pole of inaccessibility: the point of a region that is farthest from its rim (Garcia-Castellanos
// and Lombardo, 2007), found by halving squares, as Mapbox's polylabel does.

// Another pole is no better unless it is so much farther from the rim: labels keep still.
const BETTER = 1.15;
const MOST_SQUARES = 200;

// Returns { x, y, distance }; the distance is not positive where the box has nothing of the region.
// `distance`: of x and y, to the rim of the region, negative outside; `box`: where it is sought;
// `last`: the pole in the image before, which is kept if it is as good.
export function poleOf(distance, box, last = null) {
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  const side = Math.max(Math.min(width, height), 1) / 2;
  let best = { distance: -Infinity };

  function square(x, y, half) {
    const there = { x, y, half, distance: distance(x, y) };
    there.most = there.distance + half * Math.SQRT2;
    const margin = best.distance > 0 ? BETTER : 1;
    if (there.distance > best.distance * margin) best = there;
    return there;
  }

  const squares = [];
  const isWorth = ({ half, most }) => half > 0.5 && most > Math.max(best.distance, 0) * BETTER;
  const add = (candidate) => isWorth(candidate) && squares.push(candidate);

  if (last) square(last.x, last.y, 0);
  for (let y = box.top + side; y - side < box.bottom; y += 2 * side) {
    for (let x = box.left + side; x - side < box.right; x += 2 * side) add(square(x, y, side));
  }
  for (let count = 0; squares.length && count < MOST_SQUARES; count += 1) {
    const most = takeMost(squares);
    // From here on all squares are worse.
    if (!isWorth(most)) break;
    const { x, y, half } = most;
    const quarter = half / 2;
    for (const [dx, dy] of [[-1, -1], [1, -1], [-1, 1], [1, 1]]) {
      add(square(x + dx * quarter, y + dy * quarter, quarter));
    }
  }
  return best;
}

// Removes the square that promises most.
function takeMost(squares) {
  let best = 0;
  for (let i = 1; i < squares.length; i += 1) if (squares[i].most > squares[best].most) best = i;
  const taken = squares[best];
  squares[best] = squares.at(-1);
  squares.pop();
  return taken;
}
