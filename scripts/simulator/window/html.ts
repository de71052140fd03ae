const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Makes text safe inside HTML elements and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/** A whole HTML page around `content`, which must already be safe. */
export function htmlPage(title: string, content: string): string {
  return `<!doctype html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
body { font-family: system-ui, sans-serif; max-width: 26rem; margin: 2rem auto;
  padding: 0 1rem; background: #fff; color: #191f28; }
dt { color: #6b7684; } dd { margin: 0 0 .5rem; font-weight: 600; }
button, select { font: inherit; width: 100%; padding: .7rem; margin: .25rem 0;
  border: 1px solid #d1d6db; border-radius: .5rem; background: #f2f4f6; }
button[value="pay"] { background: #3182f6; color: #fff; border: 0; }
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${content}
</body>
</html>
`;
}
