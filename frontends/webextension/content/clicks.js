// Asks the extension to dial when a person clicks a number. It is only ever told the number: where
// SIPTAPI is, and the token, no page and no script that runs in one gets to know.

(() => {
  let asking = null;
  let wanted = {}; // {links, telephoneLinks}, once it is known

  // Only a page on which there is something to dial wakes the extension.
  const links = new NumberLinks(() => (asking ??= askWhatIsWanted()));

  async function askWhatIsWanted() {
    follow(await chrome.runtime.sendMessage({ to: "wanted" }));
  }

  function follow(answer) {
    if (wanted.links !== answer.links) links[answer.links ? "switchOn" : "switchOff"]();
    wanted = answer;
  }

  function numberAt(event) {
    for (const element of event.composedPath()) {
      if (!(element instanceof Element)) continue;
      if (element.localName === "siptapi-number") return links.numberOf(element);
      if (wanted.telephoneLinks && /^(?:tel|callto):$/.test(element.protocol ?? "")) return element.href;
    }
    return undefined;
  }

  function onPressed(event) {
    // What a script of the page makes up is not trusted. A second click of two is not meant.
    const alone = !(event.ctrlKey || event.shiftKey || event.altKey || event.metaKey);
    if (!event.isTrusted || !alone || event.detail > 1 || !chrome.runtime?.id) return;
    const number = numberAt(event);
    if (!number || (event.type === "click" && !getSelection().isCollapsed)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    chrome.runtime.sendMessage({ to: "dial", number });
  }

  addEventListener("click", onPressed, true);
  addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" && !event.repeat && event.target.localName === "siptapi-number") onPressed(event);
    },
    true,
  );
  chrome.runtime.onMessage.addListener((message, _sender, reply) => {
    if (message.to === "follow" && message.site === location.hostname) follow(message.wanted);
    if (message.to === "site") reply(location.hostname);
  });
  if (document.body) links.watch();
})();
