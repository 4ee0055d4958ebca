"""Reads a run's log with pandas, polars and DuckDB and checks that all three see the same, documented, sound rows.

    python tests/python/read_log.py RUN_DIR

Needs pandas, polars, duckdb and pyarrow.
"""

import json
import math
import sys
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow.parquet


def values(rows):
    """Nested values as plain Python, so that readers can be compared."""
    if rows is None or (isinstance(rows, float) and math.isnan(rows)):
        return None
    if hasattr(rows, "tolist"):
        rows = rows.tolist()
    return [values(value) for value in rows] if isinstance(rows, (list, tuple)) else rows


def check_table(run, table, parts):
    files = [str(run / "log" / table / part["file"]) for part in parts]
    by_polars = polars.read_parquet(files)
    by_pandas = pandas.concat([pandas.read_parquet(file) for file in files], ignore_index=True)
    by_duckdb = duckdb.read_parquet(files).to_arrow_table()
    n_rows = sum(part["rows"] for part in parts)
    for name, found in ("polars", len(by_polars)), ("pandas", len(by_pandas)), ("duckdb", len(by_duckdb)):
        assert found == n_rows, f"{table}: {name} reads {found} rows, the manifest says {n_rows}"
    for column in by_polars.columns:
        expected = values(by_polars[column].to_list())
        assert values(by_duckdb[column].to_pylist()) == expected, f"{table}.{column}: duckdb differs from polars"
        assert values(by_pandas[column].tolist()) == expected, f"{table}.{column}: pandas differs from polars"
    for field in pyarrow.parquet.read_schema(files[0]):
        about = field.metadata or {}
        assert about.get(b"meaning") and b"unit" in about, f"{table}.{field.name}: no unit or meaning"
    return by_polars


def check_slates(tables):
    slates, sessions = tables["slates"], tables["sessions"]
    known = slates.filter(polars.col("known") != "unavailable")
    assert known["propensity"].null_count() == 0, "a known propensity is null"
    unknown = slates.filter(polars.col("known") == "unavailable")
    assert unknown["propensity"].null_count() == len(unknown), "an unavailable propensity is a number"
    chances = known["propensity"].explode()
    assert ((chances > 0) & (chances <= 1 + 1e-9)).all(), "a propensity is no probability"
    idle = slates.select("click", "dwell_secs").explode("click", "dwell_secs").filter(~polars.col("click"))
    assert (idle["dwell_secs"] == 0).all(), "time is spent where nothing was clicked"
    assert sessions["n_slates"].sum() == len(slates), "sessions do not add up to the slates"
    orphans = slates.filter(polars.col("candidate_set").is_not_null()).join(
        tables["candidate_sets"], left_on="candidate_set", right_on="set", how="anti"
    )
    assert len(orphans) == 0, "a slate names a candidate set that is not in the log"


def main(run):
    manifest = json.loads((run / "manifest.json").read_text())
    tables = {table: check_table(run, table, parts) for table, parts in manifest["parts"].items()}
    check_slates(tables)
    for table, rows in tables.items():
        print(f"{table}: {len(rows)} rows, {len(rows.columns)} columns, read alike by pandas, polars and DuckDB")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tests/python/read_log.py RUN_DIR")
    main(Path(sys.argv[1]))
