from explorer.ui import data_page
from explorer.ui.failures import told

with told():
    data_page.show()
