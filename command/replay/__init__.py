"""The past of one alert, as far as the person who asks may see it."""
