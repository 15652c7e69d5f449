"""The verdicts on claims: as numbers, as JSON, and for reading."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from temperature_check.base.files import write_text
from temperature_check.base.tables import write_table
from temperature_check.claims.words import count_text, estimate_text, p_text, predicted_text, standing_text
from temperature_check.tables.markup import markdown

VERSION = 1
"""Version of stem.json, which changes with the rules of docs/claims.md, the verdicts and the form of the file."""
NESTED = ("claim", "statement", "source", "fails", "figure")
OF_TASK = ("task", "verdict", "supported", "contradicted", "lacks")


def write_claims(judged: pd.DataFrame, titles: Mapping[str, str], stem: Path) -> None:
    """Write the table of `claims.judge` to stem.parquet, stem.csv, stem.json and, for reading, to stem.md.

    titles: of tasks.
    """
    write_table(stem.with_suffix(".parquet"), judged)
    write_text(stem.with_suffix(".csv"), judged.to_csv(index=False))
    versioned = {"version": VERSION, "claims": nested(judged)}
    write_text(stem.with_suffix(".json"), json.dumps(versioned, indent=2, ensure_ascii=False) + "\n")
    write_text(stem.with_suffix(".md"), "\n\n".join(_of_claim(own, titles) for _, own in _claims(judged)) + "\n")


def nested(judged: pd.DataFrame) -> list[dict]:
    """A list of claims, each with its verdicts, each with its effects. What is not known is None."""
    plain = judged.astype(object).where(judged.notna(), None)
    found = []
    for _, own in _claims(plain):
        verdicts = []
        for _, rows in own.groupby("task", sort=False):
            effects = [row for row in rows.drop(columns=[*NESTED, *OF_TASK]).to_dict("records") if row["name"]]
            verdicts.append(rows[[*OF_TASK]].iloc[0].to_dict() | {"effects": effects})
        found.append(own[[*NESTED]].iloc[0].to_dict() | {"verdicts": verdicts})
    return found


def _claims(judged: pd.DataFrame):
    return judged.groupby("claim", sort=False)


def _of_claim(own: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """A heading, the verdicts and what they rest on, and what would make the claim fail."""
    first = own.iloc[0]
    made = f"{first['source']} of the paper" if first["source"] else "ours"
    head = f"## {first['claim']}: {markdown(first['statement'])} ({made})"
    known = own[own["lacks"] == ""]
    table = pd.DataFrame([_row(row, titles) for row in known.to_dict("records")])
    lacking = "; ".join(dict.fromkeys(own.loc[own["lacks"] != "", "lacks"]))
    parts = [
        head,
        table.map(markdown).to_markdown(index=False, disable_numparse=True) if len(table) else "",
        f"Not assessable {'elsewhere' if len(table) else 'here'}, for want of {markdown(lacking)}." if lacking else "",
        f"It would fail by {markdown(first['fails'])}. Figure: `fig_{first['figure']}`.",
    ]
    return "\n\n".join(part for part in parts if part)


def _row(row: dict, titles: Mapping[str, str]) -> dict[str, str]:
    names = [titles.get(name, name) for name in row["task"].split(", ")]
    effect = isinstance(row["name"], str)
    return {
        "task": ", ".join(names),
        "verdict": row["verdict"],
        "effect": row["name"] if effect else "",
        "by itself": standing_text(row) if effect else "",
        "predicted": predicted_text(row) if effect else "",
        "found": estimate_text(row) if effect else p_text(row),
        "n": count_text(row) if effect else "",
        "decides nothing, because of": row["doubt"] if effect else "",
    }
