"""What there is to read in the lab beside the papers: of the web, a site, a knowledge base, a wiki, a database."""

SITE = "tides.example.org"
PAGE_URL = f"https://{SITE}/bays"
PAGE_TITLE, PAGE = "Bays", "In a narrow bay the water has nowhere to go and rises by sixteen metres."
SEARCH_URL, SEARCHED = "https://news.example.org/mills", "The mill of the harbour has ground corn by the ebb for ages."
PASSAGE_URL, PASSAGE = "s3://notes/harbours.md", "Ships of more than nine metres wait for the flood."
WORD, WIKI = "ebb", "Ebb is the water going out, flood is the water coming in."
SQL = "SELECT harbour, metres FROM levels ORDER BY harbour"
LEVELS = (("east", 12), ("west", 7))
