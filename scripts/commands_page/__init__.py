"""The page that shows the help of every command."""
