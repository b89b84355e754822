"""Reports of a real campaign, as files that other programs open: what they say must agree."""
import csv
import subprocess

from conftest import crowd, knows

pytestmark = knows("run", "carrier", "report")


def rows(path):
    with open(path, encoding="utf-8-sig", newline="") as f:
        return list(csv.DictReader(f))


def test_every_form_agrees(place, carrier):
    import openpyxl

    c = carrier(crowd(shares={"answer": 4, "busy": 1}, keys={"1": 1, "9": 1, "none": 1}))
    place.campaign()
    place.people(30)
    place.run(c)
    out = place.folder / "reports"
    r = place.kolcast("report", "1", "--format", "all", "--language", "he", "--out", out, "--json",
                      "--data", place.data)
    figures = r.json[-1]
    calls = rows(out / "calls.csv")
    assert len(calls) == figures["calls"]["total"] == place.one("SELECT count(*) FROM call_records")
    assert len(rows(out / "contacts.csv")) == 30
    answered = [c for c in calls if c["outcome"] == "answered"]
    assert len(answered) == figures["calls"]["by_outcome"]["answered"]
    book = openpyxl.load_workbook(out / "report.xlsx")
    assert [s.sheet_view.rightToLeft for s in book] == [True] * 4
    sheet = list(book.worksheets[1].iter_rows(values_only=True))
    assert list(sheet[0]) == list(calls[0])
    assert [str(row[0]) for row in sheet[1:]] == [c["attempt"] for c in calls]
    assert [row[1] for row in sheet[1:]] == [c["phone"] for c in calls]  # text: no zero or plus lost
    pdf = subprocess.run(["pdftotext", "-layout", out / "report.pdf", "-"], capture_output=True, text=True)
    assert "קמפיין" in pdf.stdout and "נענו" in pdf.stdout
    assert str(figures["calls"]["total"]) in pdf.stdout


def test_several_are_compared(place, carrier):
    c = carrier(crowd())
    place.campaign()
    place.people(5)
    place.run(c)
    place.run(c, "--again")
    place.kolcast("report", "1", "2", "--out", place.folder / "out", "--data", place.data)
    table = {r["figure"]: r for r in rows(place.folder / "out" / "comparison.csv")}
    assert table["calls"]["Test (1)"] == table["calls"]["Test (2)"] == "5"
    assert table["answered_percent"]["Test (2)"] == "100.0"
    r = place.kolcast("report", "1", "77", "--data", place.data, code=2)
    assert "77" in r.stderr


def test_folder_that_cannot_be(place, carrier):
    c = carrier(crowd())
    place.campaign()
    place.people(2)
    place.run(c)
    (place.folder / "file").write_text("x")
    for form in ("csv", "xlsx", "pdf"):
        r = place.kolcast("report", "1", "--format", form, "--out", place.folder / "file", "--data",
                          place.data, code=None)
        assert r.returncode == 4 and "file" in r.stderr
