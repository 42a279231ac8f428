// The five languages. WORDS is put here by the build, from words/*.json.

export const LANGUAGES = Object.keys(WORDS);

/** The language of ours for a list such as ["zh-TW", "en"]. */
export function choose(wanted) {
  for (const tag of wanted) {
    const [language, ...rest] = tag.toLowerCase().split("-");
    const isHant = rest.includes("hant") || (!rest.includes("hans") && rest.some((part) => /^(tw|hk|mo)$/.test(part)));
    if (language === "zh") return isHant ? "zh-Hant" : "zh-Hans";
    if (LANGUAGES.includes(language)) return language;
  }
  return "en";
}

/** Says things in one language. */
export class Voice {
  constructor(language) {
    this.language = language;
    this.words = WORDS[language];
  }

  /** The words of this name; {door} and the like are filled in. */
  say(name, values = {}) {
    return this.fill(this.words[name], values);
  }

  /** The same of a text. */
  fill(text, values) {
    return text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  }

  /** A time in ms, such as Thu, 24 Dec, 18:00; with the year where it is another. */
  time(ms) {
    const at = new Date(ms);
    const year = at.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
    const fields = { weekday: "short", day: "numeric", month: "short", year, hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    return new Intl.DateTimeFormat(this.language, fields).format(at);
  }

  /** So many hours, as 4 hours or 3 days. */
  span(hours) {
    const [unit, count] = hours < 24 ? ["hour", hours] : ["day", hours / 24];
    return new Intl.NumberFormat(this.language, { style: "unit", unit, unitDisplay: "long" }).format(count);
  }
}
