// SPDX-License-Identifier: GPL-2.0
// Clicks into a flame graph that is part of this page; a line for each result.
"use strict";
const result = document.getElementById("result");
const boxes = Array.from(document.querySelectorAll("svg g.f"));

function report(what, ok) {
	result.textContent += (ok ? "ok" : "not ok") + "\t" + what + "\n";
}

function width(g) {
	return Number(g.querySelector("rect").getAttribute("width"));
}

function click(node) {
	node.dispatchEvent(new MouseEvent("click", { bubbles: true }));
}

function hits() {
	return document.querySelectorAll("svg g.hit").length;
}

const before = boxes.map(width);
// a box that is not the whole width and has some above it
const target = boxes.find((g) => width(g) < 600 && width(g) > 20 &&
			  g.getAttribute("data-d") === "2") || boxes[boxes.length - 1];

report("there are boxes", boxes.length > 3);
report("buttons are there", document.getElementById("search")
	.getAttribute("visibility") === "visible");
click(target);
report("a click zooms: the box takes the whole width", Math.abs(width(target) - 1180) < 0.5);
report("others are hidden", boxes.some((g) => g.style.display === "none"));
report("callers are faded", document.querySelectorAll("svg g.up").length ===
	Number(target.getAttribute("data-d")) - 1);
click(document.getElementById("reset"));
report("reset brings all back", boxes.every((g, i) => g.style.display !== "none" &&
	Math.abs(width(g) - before[i]) < 0.01));

const name = target.getAttribute("data-n");
window.prompt = () => name;
click(document.getElementById("search"));
report("search marks the boxes of that name", hits() ===
	boxes.filter((g) => g.getAttribute("data-n").includes(name)).length);
report("it says which share they have", /\d+ frames, [\d.]+ % of the time/
	.test(document.getElementById("info").textContent));
window.prompt = () => "no such frame";
click(document.getElementById("search"));
report("what is not there marks nothing", hits() === 0);
document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
report("tooltips have share and time", boxes.every((g) => /[\d.]+ %/
	.test(g.querySelector("title").textContent)));
result.textContent += "end\n";
