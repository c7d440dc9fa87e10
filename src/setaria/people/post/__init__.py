"""Messages to people: mail by Django, texts to telephones by `texts.send`. The sandbox writes both into a folder."""
