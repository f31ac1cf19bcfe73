// The mail as a program shows it that turns light colours dark by itself (Gmail on an iPhone and Outlook for
// Windows do, each in its own way): the lightness of every colour is turned, hues and pictures stay.

const MOST_TURNED = 20000; // elements; beyond, the frame is turned as a whole
const TURNED = ["color", "background-color", "border-top-color", "border-right-color", "border-bottom-color",
  "border-left-color"];

function invert(own, root) {
  const nodes = [root, ...allIn(own, "body, body *")];
  if (nodes.length > MOST_TURNED) {
    setAttribute(root, "style", `${attributeOf(root, "style") ?? ""};filter:invert(.9) hue-rotate(180deg)`);
    return;
  }
  // All are read before the first is changed: a colour that is inherited would be turned twice.
  const changes = nodes.map((node) => {
    const style = getComputedStyle(node);
    const isRoot = node === root;
    return TURNED.map((name) => {
      const value = style.getPropertyValue(name);
      const turned = isRoot && name === "background-color" && clear(value) ? turn("rgb(255, 255, 255)") : turn(value);
      return turned && `${name}:${turned}!important`;
    }).filter(Boolean).join(";");
  });
  nodes.forEach((node, at) => setAttribute(node, "style", `${attributeOf(node, "style") ?? ""};${changes[at]}`));
}

const parts = (colour) => /^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/.exec(colour)?.slice(1);
const clear = (colour) => parts(colour)?.[3] === "0";

// By HSL; white becomes a dark grey, and black nearly white, as these programs have it.
function turn(colour) {
  const found = parts(colour);
  if (!found || clear(colour)) return "";
  const [red, green, blue] = found.slice(0, 3).map((one) => Number(one) / 255);
  const most = Math.max(red, green, blue);
  const least = Math.min(red, green, blue);
  const lightness = (most + least) / 2;
  const spread = most - least;
  const saturation = spread && spread / (1 - Math.abs(2 * lightness - 1));
  let hue = 0;
  if (spread) {
    if (most === red) hue = ((green - blue) / spread) % 6;
    else if (most === green) hue = (blue - red) / spread + 2;
    else hue = (red - green) / spread + 4;
  }
  const turned = 0.11 + 0.83 * (1 - lightness);
  const [h, s, l] = [hue * 60, saturation * 100, turned * 100].map((one) => one.toFixed(1));
  return `hsl(${h} ${s}% ${l}% / ${found[3] ?? 1})`;
}
