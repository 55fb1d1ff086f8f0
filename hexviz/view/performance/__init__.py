"""Where time and memory go, as rows for tables and as figures for plotly; no Dash in here."""
