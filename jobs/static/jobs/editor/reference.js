/* What the server knows of a score's keys, asked by the way that leads to them. */

export class Reference {
  constructor(told) {
    this.sections = new Map(
      Object.entries(told.sections).map(([name, keys]) => [name, new Map(keys.map((key) => [key.key, key]))]),
    );
    this.root = told.root;
    this.names = Object.entries(told.names);
  }

  /** The section that stands below a path; null where keys are free or unknown. */
  sectionAt(path) {
    let section = this.root;
    let isFree = false; // the next step only chooses one of many
    for (const step of path) {
      if (isFree) {
        isFree = false;
        continue;
      }
      const key = section ? this.sections.get(section).get(step) : null;
      if (!key) return null;
      section = key.section || null;
      isFree = key.shape === "by_number" || key.shape === "by_name";
    }
    return section && !isFree ? this.sections.get(section) : null;
  }

  /** One key at a path; null where it is none of the score's. */
  keyAt(path, name) {
    return this.sectionAt(path)?.get(name) ?? null;
  }
}

let loading = null;

/** The reference, asked for once. */
export function loadReference(url) {
  loading ??= fetch(url, { credentials: "same-origin", redirect: "manual" }).then(async (response) => {
    if (!response.ok) throw new Error(`answered ${response.status}`);
    return new Reference(await response.json());
  });
  return loading;
}
