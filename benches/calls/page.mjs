// A page of one library that answers every call at once. Which library and where its server is stand in the address.
import "../behaviour/page.mjs";

const { library, ...options } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const now = () => performance.timeOrigin + performance.now();
/** Of each call: when the application heard of it, which is when it answers. */
window.calls = [];
window.phone.heard = (type) => {
  if (type !== "incoming") return;
  window.calls.push(now());
  window.phone.answer();
};
window.phone.start(library, options);
