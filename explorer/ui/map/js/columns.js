// Columns kept in the page under the hash of their content, so that each travels once: also over reruns and pages.

const MOST_BYTES = 512 * 2 ** 20;

class Columns {
  constructor() {
    this.kept = new Map(); // in the order of their last use
    this.bytes = 0;
  }

  get(hash) {
    const found = this.kept.get(hash);
    if (found) {
      this.kept.delete(hash);
      this.kept.set(hash, found);
    }
    return found;
  }

  put(hash, arrays) {
    if (this.kept.has(hash)) return;
    this.kept.set(hash, arrays);
    this.bytes += sizeOf(arrays);
    for (const [oldest, old] of this.kept) {
      if (this.bytes <= MOST_BYTES || oldest === hash) break;
      this.kept.delete(oldest);
      this.bytes -= sizeOf(old);
    }
  }
}

function sizeOf(arrays) {
  return Object.values(arrays).reduce((sum, array) => sum + array.byteLength, 0);
}

const columns = (globalThis.__latentExplorerColumns ??= new Columns());

// The columns that `said` names, from `tables` when they have just come, else from the page; null when they are in
// neither, and Python has to send them again.
function columnsOf(said, table, names) {
  if (table) {
    const arrays = {};
    for (const name of names) {
      const column = table.getChild(name).toArray();
      // A copy of its own: a view would keep the whole message in memory.
      arrays[name] = column.slice();
    }
    columns.put(said.hash, arrays);
    return arrays;
  }
  return columns.get(said.hash) ?? null;
}
