/** A language of the documents. */
export type Language = "en" | "ko";

/** What both languages say. */
export type Text = Readonly<Record<Language, string>>;

/** Every language of the documents. */
export const LANGUAGES: readonly Language[] = ["en", "ko"];

/** How the file of a page in each language ends. */
export const ENDINGS: Readonly<Record<Language, string>> = {
  en: ".md",
  ko: ".ko.md",
};
