// What is wrong with the page as it is shown now: a list of [kind, where].
(width => {
  const found = [], seen = new Set();
  const shown = node => node.checkVisibility({visibilityProperty: true, opacityProperty: true});
  const say = (kind, where, example = "") => {
    const line = `${kind}: ${where.replace(/\s+/g, " ").trim().slice(0, 90)}`;
    if (!seen.has(line)) found.push(line + example.replace(/\s+/g, " ").slice(0, 40));
    seen.add(line);
  };
  const wide = node => node.scrollWidth > node.clientWidth + 2 && node.clientWidth > 0;
  const scrolls = node => /auto|scroll/.test(getComputedStyle(node).overflowX);
  const content = document.querySelector("article") ?? document.body;
  const print = matchMedia("print").matches;

  for (const pre of content.querySelectorAll("div.highlight pre")) {
    if (!shown(pre) || pre.closest("details:not([open])")) continue;
    if (print ? wide(pre) : width >= 1400 && wide(pre)) {
      const room = pre.clientWidth / pre.scrollWidth;
      const line = pre.textContent.split("\n").reduce((a, b) => b.length > a.length ? b : a);
      say(print ? "code cut in print" : "code line cut", `${line} (${room.toFixed(2)} fits)`);
    }
  }
  if (print) {
    for (const part of content.querySelectorAll("details > :not(summary)"))
      if (!part.checkVisibility() || !part.getBoundingClientRect().height)
        if (part.textContent.trim()) say("folded, and missing in print", part.textContent);
    for (const part of content.querySelectorAll(".toggle-hidden > *"))
      if (!shown(part) && part.textContent.trim())
        say("folded, and missing in print", part.textContent);
    return found;
  }
  if (document.documentElement.scrollWidth > width + 1) {
    const limit = document.documentElement.clientWidth + 1;
    const cut = node => {
      for (let up = node.parentElement; up; up = up.parentElement)
        if (getComputedStyle(up).overflowX != "visible") return true;
    };
    const guilty = [...document.querySelectorAll("body *")].find(
      node => node.getBoundingClientRect().right > limit && !cut(node));
    say("the page scrolls sideways", `${document.documentElement.scrollWidth} px, because of ` +
        (guilty ? `${guilty.tagName} ${guilty.className} ${guilty.textContent}` : "?"));
  }
  // what is wider than its column stands in a box that scrolls, with a bar that one sees
  for (const node of content.querySelectorAll("div.math mjx-math, span.math mjx-math, table")) {
    if (!shown(node) || node.closest("details:not([open])")) continue;
    const right = node.getBoundingClientRect().right;
    let box = node;
    while (box && box != content && !(scrolls(box) && wide(box))) box = box.parentElement;
    if (box && box != content) {
      const style = getComputedStyle(box);
      const bar = box.offsetHeight - box.clientHeight
        - parseFloat(style.borderTopWidth) - parseFloat(style.borderBottomWidth);
      if (bar < 3) say("scrolls, and shows no bar", node.textContent || box.textContent);
    } else if (right > content.getBoundingClientRect().right + 2) {
      const mark = node.closest(".math")?.textContent ?? node.textContent;
      say(node.tagName == "TABLE" ? "table wider than its column" : "equation wider than its column",
          mark);
    }
  }
  for (const image of content.querySelectorAll("img")) {
    if (!shown(image) || width < 1400) continue;
    const text = (image.getAttribute("alt") ?? "").trim();
    if (!text || /\.(png|svg|jpe?g)$|^\S*[\/_]\S*$/.test(text))
      say("figure without a text", `${image.getAttribute("src")} "${text}"`);
  }
  // contrast of text with what is behind it
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = colour => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
  const behind = node => {
    const layers = [];
    for (let up = node; up; up = up.parentElement) {
      const colour = rgba(getComputedStyle(up).backgroundColor);
      if (colour[3]) layers.push(colour);
      if (colour[3] == 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const light = colour => {
    const [r, g, b] = colour.map(v => (v /= 255) <= 0.04045 ? v / 12.92
                                                            : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const looked = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim()) continue;
    if (node.closest("script, style, noscript, img, svg, mjx-container, [aria-hidden=true]"))
      continue;
    const kind = [node, node.parentElement, node.closest("tr:nth-child(2n)")].map(
      each => each ? `${each.tagName}.${each.className}` : "").join(" ");
    if (looked.has(kind) || !shown(node) || !node.getClientRects().length) continue;
    looked.add(kind);
    const style = getComputedStyle(node), back = behind(node);
    const large = parseFloat(style.fontSize) >= 24
      || parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
    const [a, b] = [light(over(rgba(style.color), back)), light(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < (large ? 3 : 4.5))
      say("contrast", `${ratio.toFixed(2)} ${node.tagName}.${node.className} in ` +
          `${node.parentElement.tagName}.${node.parentElement.className}`, node.textContent);
  }
  return found;
})
