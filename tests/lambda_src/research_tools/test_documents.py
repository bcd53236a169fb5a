"""The documents that agents search and read: every kind, every bad input, and a bucket on its own wire."""

import os
import tempfile
from io import BytesIO
from pathlib import Path

import pytest

from agent_workflow.toolboxes import Documents
from research_tools.documents import index, texts
from research_tools.documents.folder import ship_index
from research_tools.documents.tools import make
from research_tools.reading import NotRead, NotUsable

PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R 6 0 R]/Count 2>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length 48>>stream
BT /F1 12 Tf 20 200 Td (First page of gulls) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
6 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 7 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
7 0 obj<</Length 52>>stream
BT /F1 12 Tf 20 200 Td (Second page on cormorants) Tj ET
endstream endobj
trailer<</Root 1 0 R>>
startxref
0
%%EOF
"""
PAGE = "<title>Herons</title><script>var herons</script><body><p>Herons wait.</p><p>Still.</p>"


@pytest.fixture(autouse=True)
def own_scratch(tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))


@pytest.fixture
def folder(tmp_path):
    documents = tmp_path / "agents" / "birds"
    (documents / "more").mkdir(parents=True)
    (documents / "owls.md").write_text("# Owls\n\nOwls hunt at night.\n\nThey fly without a sound.\n")
    (documents / "more" / "larks.txt").write_text("Larks sing.\r\nThey sing early.\r\n")
    (documents / "herons.html").write_text(PAGE)
    (documents / "gulls.pdf").write_bytes(PDF)
    return documents


def tools(folder, **settings):
    return make(Documents(folder=folder.name, **settings), folder.parent)


def test_every_kind_of_document_is_found_and_opens_at_its_place(folder):
    search = tools(folder)["search_documents"]
    found = {word: search(word)[0] for word in ("hunting", "early", "still", "cormorant")}
    assert [(one.title, one.url, one.line) for one in found.values()] == [
        ("Owls", "owls.md", 1),
        ("larks", "more/larks.txt", 1),
        ("Herons", "herons.html", None),
        ("gulls", "gulls.pdf#page=2", None),
    ]
    assert found["still"].text == "Herons wait.\nStill."
    assert "var" not in found["still"].text


def test_a_document_is_read_from_a_line_or_a_page_on(folder):
    read = tools(folder, address="https://birds.example/")["read_document"]
    (of_owls,) = read("https://birds.example/owls.md#L3", start=5)
    assert (of_owls.url, of_owls.line) == ("https://birds.example/owls.md", 5)
    assert of_owls.text == "They fly without a sound.\n"
    assert read("gulls.pdf", start=2)[0].text.strip() == "Second page on cormorants"


def test_a_long_document_is_read_in_parts(folder):
    (folder / "long.txt").write_text("\n".join(f"line {number} " + "x" * 90 for number in range(1, 101)))
    read = tools(folder, max_characters=1_000)["read_document"]
    (first,) = read("long.txt")
    lines = first.text.split("\n")
    assert 9 <= len(lines) <= 10
    (following,) = read("long.txt", start=1 + len(lines))
    assert following.text.startswith(f"line {1 + len(lines)} ")


NOT_THERE = {
    "unknown": ("eagles.md", 1, "there is no document eagles.md"),
    "outside": ("../agents.toml", 1, "there is no document"),
    "absolute": ("/etc/passwd", 1, "there is no document"),
    "after its end": ("owls.md", 99, "owls.md ends before line 99"),
    "after its last page": ("gulls.pdf", 3, "gulls.pdf ends before page 3"),
    "before its begin": ("owls.md", 0, "start must be 1 or more, got 0"),
}


@pytest.mark.parametrize("case", NOT_THERE)
def test_fails_when_there_is_no_such_text(folder, case):
    address, start, said = NOT_THERE[case]
    with pytest.raises(NotRead, match=said):
        tools(folder)["read_document"](address, start)


@pytest.mark.parametrize("query", ["", "  ", '"', "NEAR(", "*", "title:", "eagle AND", "eagle"])
def test_a_search_without_a_hit_says_so_whatever_its_words(folder, query):
    with pytest.raises(NotRead, match="No passage of the 4 documents fits"):
        tools(folder)["search_documents"](query)


def encrypted():
    from pypdf import PdfWriter

    writer, data = PdfWriter(), BytesIO()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(data)
    return data.getvalue()


BROKEN = {
    "cut.pdf": (lambda: PDF[:200], "cut.pdf"),
    "words.pdf": (lambda: b"not a PDF at all", "is broken or encrypted"),
    "locked.pdf": (encrypted, "is broken or encrypted|holds no text"),
    "blank.md": (lambda: b" \n\n", "holds no text"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_document_that_cannot_be_read_hinders_no_other_and_is_told(folder, name):
    data, said = BROKEN[name]
    (folder / name).write_bytes(data())
    both = tools(folder)
    assert both["search_documents"]("owls")
    with pytest.raises(NotRead, match=said):
        both["read_document"](name)
    with pytest.raises(NotRead, match="1 more could not be read"):
        both["search_documents"]("eagle")


def test_a_pdf_of_a_gigabyte_is_not_opened(folder):
    with (folder / "huge.pdf").open("wb") as file:
        file.truncate(10**9)  # takes no room on the disk
    both = tools(folder)
    assert both["search_documents"]("owls")
    with pytest.raises(NotRead, match=r"huge.pdf has 1,000,000,000 bytes; a document may have at most 50,000,000"):
        both["read_document"]("huge.pdf")


def test_fails_when_the_folder_is_missing_empty_or_too_full(folder, monkeypatch):
    (folder / "empty").mkdir()
    with pytest.raises(NotUsable, match="there is no folder"):
        tools(folder / "nowhere")
    with pytest.raises(NotUsable, match=r"must hold 1 to 20,000 documents .*, got 0"):
        tools(folder / "empty")
    monkeypatch.setattr("research_tools.documents.folder.MOST_DOCUMENTS", 3)
    with pytest.raises(NotUsable, match="got 4"):
        tools(folder)


def test_a_link_out_of_the_folder_and_a_hidden_file_are_no_documents(folder, tmp_path):
    (tmp_path / "secret.md").write_text("# Secret\n\nThe eagle.\n")
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    (folder / ".hidden.md").write_text("The eagle.\n")
    with pytest.raises(NotRead, match="No passage of the 4 documents fits"):
        tools(folder)["search_documents"]("eagle")


def test_an_index_is_built_once_for_a_version(folder, monkeypatch):
    built: list[Path] = []
    plain = index.build

    def counted(finished, documents):
        built.append(finished)
        plain(finished, documents)

    monkeypatch.setattr(index, "build", counted)
    tools(folder)
    tools(folder)
    assert len(built) == 1
    (folder / "owls.md").write_text("# Owls\n\nNow they sing as well.\n")
    assert tools(folder)["search_documents"]("sing")[0].url in {"owls.md", "more/larks.txt"}
    assert len(built) == 2
    assert not list(built[0].parent.glob("*.building"))


def test_an_index_that_ships_is_used_as_long_as_it_is_of_these_documents(folder):
    shipped = ship_index(folder)
    assert tools(folder)["search_documents"]("owls")[0].url == "owls.md"
    assert not list(Path(tempfile.gettempdir()).rglob("*.sqlite"))
    (folder / "eagles.md").write_text("# Eagles\n\nThey circle.\n")
    assert tools(folder)["search_documents"]("circle")[0].url == "eagles.md"
    assert len(list(Path(tempfile.gettempdir()).rglob("*.sqlite"))) == 1
    assert ship_index(folder) != shipped


def test_a_folder_of_somebody_elses_in_the_scratch_space_is_not_used(folder, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (Path(tempfile.gettempdir()) / f"documents-{os.getuid()}").symlink_to(theirs)
    assert tools(folder)["search_documents"]("owls")
    assert not list(theirs.iterdir())


@pytest.mark.slow
def test_ten_thousand_documents_are_all_found(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(10_000):
        (folder / f"{number}.md").write_text(f"# Note {number}\n\nOf bird{number} it is known that it sings.\n")
    search = tools(folder, max_results=3)["search_documents"]
    assert [search(f"bird{number}")[0].url for number in (0, 5_000, 9_999)] == ["0.md", "5000.md", "9999.md"]
    assert len(search("sings")) == 3


def test_documents_of_a_bucket_are_read_below_their_prefix(monkeypatch):
    import boto3
    import moto

    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with moto.mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="birds")
        for key in ("notes/owls.md", "notes/more/larks.md", "private/eagles.md", "notes/photo.jpg"):
            client.put_object(Bucket="birds", Key=key, Body=f"# {key}\n\nThey sing.\n".encode())
        both = make(Documents(bucket="birds", prefix="notes/"), Path())
        urls = {one.url for one in both["search_documents"]("sing")}
        assert urls == {"s3://birds/notes/owls.md", "s3://birds/notes/more/larks.md"}
        assert both["read_document"]("s3://birds/notes/owls.md")[0].text.endswith("They sing.\n")
        with pytest.raises(NotUsable, match=r"s3://birds/none/ must hold 1 to 20,000 documents"):
            make(Documents(bucket="birds", prefix="none/"), Path())
        with pytest.raises(NotUsable, match=r"bucket nobodys cannot be listed \(NoSuchBucket\)"):
            make(Documents(bucket="nobodys"), Path())


def test_the_kinds_are_those_that_the_page_names():
    assert set(texts.READERS) == {".md", ".markdown", ".txt", ".text", ".rst", ".html", ".htm", ".pdf"}
