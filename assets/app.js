// What a browser does better than the server; every page works without it.
const all = (selector) => document.querySelectorAll(selector);
const said = document.getElementById("said");
let quiet;

// Shown and, as a status, spoken.
function say(text) {
	said.textContent = text;
	clearTimeout(quiet);
	quiet = setTimeout(() => { said.textContent = ""; }, 6000);
}

function textOf(element) {
	const lines = [...element.querySelectorAll("li")].map((line) => line.textContent.trim());
	return lines.length ? lines.join("\n") + "\n" : element.textContent.replace(/\s+/g, "");
}

// Pages on plain http have no clipboard: the text is left selected, and the old command tried.
async function copy(button) {
	const from = document.getElementById(button.dataset.copy);
	try {
		await navigator.clipboard.writeText(textOf(from));
	} catch {
		getSelection().selectAllChildren(from);
		if (!document.execCommand("copy")) return say(button.dataset.failed);
	}
	say(button.dataset.done);
}

function enlarge(button) {
	const large = button.closest("figure").classList.toggle("large");
	button.setAttribute("aria-pressed", String(large));
}

// Each such button is named after its field, for a page may have two.
function show(button, shows) {
	const input = document.getElementById(button.getAttribute("aria-controls"));
	const words = button.dataset;
	input.type = shows ? "text" : "password";
	button.textContent = shows ? words.hide : words.show;
	button.setAttribute("aria-label", (shows ? words.hideOne : words.showOne).replace("%", input.labels[0].textContent));
	return input;
}

// Who pressed it by a key is at the button, and stays there.
function reveal(button, event) {
	const input = show(button, button.textContent === button.dataset.show);
	if (event.detail) input.focus();
}
for (const button of all("button[data-do=reveal]")) show(button, false);

const actions = { copy, enlarge, reveal, print: () => print() };
for (const button of all("button[data-do]")) {
	button.hidden = false;
	button.parentElement.classList.add("shows");
	button.addEventListener("click", (event) => actions[button.dataset.do](button, event));
}

// A password is hidden again before it is sent, so that browsers know it as one.
for (const form of all("form")) {
	form.addEventListener("submit", () => {
		for (const button of form.querySelectorAll("button[data-do=reveal]")) show(button, false);
	});
}

// A form that changes something is sent once: a second click, or Enter, before the answer would be told that it is done already.
// It can be sent again when the page comes back, when the browser gives up waiting, and at the latest after this time.
const AGAIN_MS = 10000;
let sent, again;
function forget() {
	sent = null;
	clearTimeout(again);
}
addEventListener("submit", (event) => {
	if (!event.target.matches("[method=post]")) return;
	if (event.target === sent) return event.preventDefault();
	forget();
	sent = event.target;
	again = setTimeout(forget, AGAIN_MS);
});
addEventListener("pageshow", forget);
globalThis.navigation?.addEventListener("navigateerror", forget);

// "I saved my recovery codes" opens the way. Again when the page comes back from the browser's memory.
function follow(box) {
	document.getElementById(box.dataset.enables).disabled = !box.checked;
}
for (const box of all("input[data-enables]")) {
	follow(box);
	box.addEventListener("change", () => follow(box));
	addEventListener("pageshow", () => follow(box));
}

// A tick that goes along where a link leads to the other half of its form.
for (const link of all("a[data-carries]")) {
	link.addEventListener("click", () => {
		const box = document.querySelector(`input[name="${link.dataset.carries}"]`);
		const place = new URL(link.href);
		place.searchParams.delete(link.dataset.carries);
		if (box?.checked) place.searchParams.set(box.name, box.value);
		link.href = place.href;
	});
}

// A moment in the reader's own time; in a sentence, where data-local has one, in place of its @, and with the name of its zone: mails
// say the same moment in UTC.
const brief = { dateStyle: "medium", timeStyle: "short" };
const zoned = { year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" };
for (const time of all("time[data-local]")) {
	const form = new Intl.DateTimeFormat(document.documentElement.lang, time.dataset.local ? zoned : brief);
	time.textContent = (time.dataset.local || "@").replace("@", form.format(new Date(time.dateTime)));
}

// How long a step stays open; spoken once when two minutes are left, and at the end. From the server's time of the answer on, for the
// clock of this computer may be wrong: by what has passed since. Where the one that cannot be set stood still, with the computer
// asleep, the other tells.
const begun = Date.now() - performance.now();
for (const time of all("time[data-left]")) {
	const whole = new Date(time.dateTime) - new Date(time.dataset.now);
	let before = 0;
	const tick = () => {
		const passed = Math.max(performance.now(), Date.now() - begun);
		const left = Math.max(0, Math.round((whole - passed) / 1000));
		const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
		time.textContent = left ? time.dataset.left.replace("%", clock) : time.dataset.over;
		if (left && left <= 120 && before > 120) say(time.textContent);
		if (!left) {
			say(time.dataset.over);
			clearInterval(timer);
			removeEventListener("pageshow", tick);
		}
		before = left;
	};
	const timer = setInterval(tick, 1000);
	addEventListener("pageshow", tick);
	tick();
}

// The menu closes by Escape and by a click elsewhere.
for (const menu of all("details.menu")) {
	addEventListener("click", (event) => {
		if (!menu.contains(event.target)) menu.open = false;
	});
	menu.addEventListener("keydown", (event) => {
		if (event.key !== "Escape" || !menu.open) return;
		menu.open = false;
		menu.querySelector("summary").focus();
	});
}
