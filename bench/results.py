"""Rewrites the sections of RESULTS.md for which this machine has results; the others stay."""
import json
import re

from harness import HERE, RESULTS

PAGE = HERE / "RESULTS.md"


def main():
    page = PAGE.read_text()
    for file in sorted(RESULTS.glob("*.json")):
        page = replace(page, json.loads(file.read_text()))
    PAGE.write_text(page)
    print(f"rewrote {PAGE.name}")


def replace(page, result):
    """Everything between the section's two marks."""
    name = result["name"]
    facts = f"`{result['command']}`, {result['date']}, on {result['machine']}; load {result['load']} at the end."
    body = f"<!-- {name} -->\n{facts}\n\n{result['text']}\n<!-- /{name} -->"
    return re.sub(f"<!-- {name} -->.*<!-- /{name} -->", lambda _: body, page, flags=re.DOTALL)


main()
