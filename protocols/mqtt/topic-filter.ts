/** Whether a topic matches a subscription's filter (`+` one level, a last `#` the rest). */
export function topicMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (let i = 0; i < wanted.length; i += 1) {
    if (wanted[i] === '#') return true;
    if (i >= levels.length || (wanted[i] !== '+' && wanted[i] !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}

/** Whether every topic that `inner` matches is matched by `outer` as well: what who may read `outer` may subscribe to. */
export function filterCovers(outer: string, inner: string): boolean {
  const allowed = outer.split('/');
  const wanted = inner.split('/');
  for (let i = 0; i < allowed.length; i += 1) {
    if (allowed[i] === '#') return true;
    const level = wanted[i];
    if (level === undefined || level === '#') return false;
    if (allowed[i] !== '+' && allowed[i] !== level) return false;
  }
  return allowed.length === wanted.length;
}
